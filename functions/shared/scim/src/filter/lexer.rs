//! The tokens of a filter or a PATCH path (RFC 7644 §3.4.2.2, figure 1).

use std::ops::Range;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// A name, an operator, a number, `true`, `and`, …: the parser knows which one it may be.
    Word(&'a str),
    /// A JSON string, its escapes resolved.
    Text(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// Nothing is left.
    End,
}

/// Why there is no token: where it would begin, and what should be there.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) expected: &'static str,
    pub(super) got: &'static str,
}

/// The first token of `text` at or after the byte `from`, and the bytes it takes.
pub(super) fn token(text: &str, from: usize) -> Result<(Token<'_>, Range<usize>), Fault> {
    let rest = text.get(from..).unwrap_or_default();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let start = text.len() - rest.len();
    let (token, length) = match rest.as_bytes().first() {
        None => (Token::End, 0),
        Some(b'(') => (Token::Open, 1),
        Some(b')') => (Token::Close, 1),
        Some(b'[') => (Token::OpenBracket, 1),
        Some(b']') => (Token::CloseBracket, 1),
        Some(b'"') => string(rest).map_err(|got| Fault {
            offset: start,
            expected: "a JSON string in double quotes",
            got,
        })?,
        Some(_) => {
            let length = rest
                .find(|c: char| c.is_ascii_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '"'))
                .unwrap_or(rest.len());
            (Token::Word(&rest[..length]), length)
        }
    };
    Ok((token, start..start + length))
}

/// The JSON string that `rest` begins with, and its length with the quotes; or what is wrong with it.
fn string(rest: &str) -> Result<(Token<'_>, usize), &'static str> {
    let mut escaped = false;
    let closing = rest.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    let length = closing.ok_or("one without a closing quote")? + 2;
    serde_json::from_str(&rest[..length])
        .map(|text| (Token::Text(text), length))
        .map_err(|_| "one with an unknown escape or a control character")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Token<'_>, usize)]) {
        let mut from = 0;
        for (wanted, offset) in expected {
            let (got, range) = token(text, from).expect("a token");
            assert_eq!((&got, range.start), (wanted, *offset), "{text}");
            from = range.end;
        }
        assert_eq!(token(text, from).ok().map(|(token, _)| token), Some(Token::End), "{text}");
    }

    fn check_fault(text: &str, offset: usize, got: &str) {
        let fault = token(text, 0).expect_err("a fault");
        assert_eq!((fault.offset, fault.got), (offset, got), "{text}");
    }

    #[test]
    fn words_end_at_white_space_brackets_and_quotes() {
        use Token::{Close, CloseBracket, Open, OpenBracket, Text, Word};
        check("", &[]);
        check(" \t\r\n", &[]);
        check("a.b  eq-1.5e3", &[(Word("a.b"), 0), (Word("eq-1.5e3"), 5)]);
        check("not(é)", &[(Word("not"), 0), (Open, 3), (Word("é"), 4), (Close, 6)]);
        check(
            "e[x]\".\"",
            &[(Word("e"), 0), (OpenBracket, 1), (Word("x"), 2), (CloseBracket, 3), (Text(".".into()), 4)],
        );
    }

    #[test]
    fn strings_are_json_strings() {
        for (text, expected) in [
            (r#""""#, ""),
            (r#""]) and""#, "]) and"),
            (r#""\"\\""#, r#""\"#),
            (r#""\u00e9\ud83d\ude00é""#, "é😀é"),
        ] {
            check(text, &[(Token::Text(expected.into()), 0)]);
        }
        check_fault(r#"  "abc"#, 2, "one without a closing quote");
        check_fault(r#""abc\""#, 0, "one without a closing quote");
        for bad in [r#""\x""#, r#""\ud83d""#, "\"a\tb\"", "\"a\nb\""] {
            check_fault(bad, 0, "one with an unknown escape or a control character");
        }
    }
}
