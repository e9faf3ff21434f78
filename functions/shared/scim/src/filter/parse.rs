//! The grammar of filters (RFC 7644 §3.4.2.2, figure 1): recursive descent with one token of look-ahead.
//!
//! Beyond the figure it takes what Entra and Okta send: a comparison of a sub-attribute after a value path,
//! `emails[type eq "work"].value eq "x"`, and literals such as `True`.

use serde_json::{Number, Value};

use super::{
    Filter, Operator,
    cursor::{Cursor, Subject},
    lexer::Token,
};
use crate::{
    Error,
    path::{AttributePath, is_name},
};

/// How deep parentheses and brackets may nest.
pub const MAX_DEPTH: usize = 32;

/// The filter that `text` is.
///
/// # Errors
///
/// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter) with the byte offset, what was expected
/// there and what came.
pub fn parse(text: &str) -> Result<Filter, Error> {
    let mut cursor = Cursor::new(text, Subject::Filter)?;
    let filter = cursor.disjunction(Names::Attributes)?;
    match cursor.token {
        Token::End => Ok(filter),
        _ => Err(cursor.expected("and, or or the end of the filter")),
    }
}

/// What names stand for: inside brackets they are sub-attributes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Names {
    Attributes,
    SubAttributes,
}

impl<'a> Cursor<'a> {
    fn disjunction(&mut self, names: Names) -> Result<Filter, Error> {
        let mut operands = vec![self.conjunction(names)?];
        while self.passes("or")? {
            operands.push(self.conjunction(names)?);
        }
        Ok(joined(operands, Filter::Or))
    }

    fn conjunction(&mut self, names: Names) -> Result<Filter, Error> {
        let mut operands = vec![self.operand(names)?];
        while self.passes("and")? {
            operands.push(self.operand(names)?);
        }
        Ok(joined(operands, Filter::And))
    }

    fn operand(&mut self, names: Names) -> Result<Filter, Error> {
        match self.token {
            Token::Open => self.nested(names, &Token::Close, "and, or or )"),
            Token::Word(word) if word.eq_ignore_ascii_case("not") => {
                self.advance()?;
                match self.token {
                    Token::Open => {
                        let filter = self.nested(names, &Token::Close, "and, or or )")?;
                        Ok(Filter::Not(Box::new(filter)))
                    }
                    // An attribute may be called "not".
                    Token::OpenBracket => self.expression(attribute(word), names),
                    Token::Word(next) if is_operator(next) => self.expression(attribute(word), names),
                    _ => Err(self.expected("( after not")),
                }
            }
            Token::Word(name) if names == Names::SubAttributes => {
                if !is_name(name) {
                    return Err(self.expected("the name of a sub-attribute"));
                }
                self.advance()?;
                self.comparison(attribute(name))
            }
            Token::Word(_) => {
                let path = self.attribute_path()?;
                self.expression(path, names)
            }
            _ => Err(self.expected("an attribute name, not or (")),
        }
    }

    /// A filter between brackets of either kind, of which the opening one comes next.
    fn nested(&mut self, names: Names, closing: &Token<'_>, expected: &str) -> Result<Filter, Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.expected(&format!("at most {MAX_DEPTH} nested brackets")));
        }
        self.depth += 1;
        self.advance()?;
        let filter = self.disjunction(names)?;
        if self.token != *closing {
            return Err(self.expected(expected));
        }
        self.depth -= 1;
        self.advance()?;
        Ok(filter)
    }

    /// What follows an attribute: a comparison, or a value path, which does not nest.
    fn expression(&mut self, path: AttributePath, names: Names) -> Result<Filter, Error> {
        let inner = match names {
            Names::Attributes => self.value_filter()?,
            Names::SubAttributes => None,
        };
        let Some(inner) = inner else { return self.comparison(path) };
        let filter = match self.name_after_brackets()? {
            Some(name) => both(inner, self.comparison(attribute(name))?),
            None => inner,
        };
        Ok(Filter::ValuePath { path, filter: Box::new(filter) })
    }

    /// `attrPath` of the grammar.
    pub(super) fn attribute_path(&mut self) -> Result<AttributePath, Error> {
        let path = match self.token {
            Token::Word(word) => AttributePath::parse(word),
            _ => None,
        };
        let path = path.ok_or_else(|| self.expected("an attribute name"))?;
        self.advance()?;
        Ok(path)
    }

    /// What stands in the brackets after an attribute, if there are any.
    pub(super) fn value_filter(&mut self) -> Result<Option<Filter>, Error> {
        match self.token {
            Token::OpenBracket => {
                self.nested(Names::SubAttributes, &Token::CloseBracket, "and, or or ]").map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The name in `.name` after brackets, if there is one.
    pub(super) fn name_after_brackets(&mut self) -> Result<Option<&'a str>, Error> {
        let Token::Word(word) = self.token else { return Ok(None) };
        let Some(name) = word.strip_prefix('.') else { return Ok(None) };
        if !is_name(name) {
            return Err(self.expected("the name of a sub-attribute after the dot"));
        }
        self.advance()?;
        Ok(Some(name))
    }

    fn comparison(&mut self, path: AttributePath) -> Result<Filter, Error> {
        if self.passes("pr")? {
            return Ok(Filter::Present(path));
        }
        let operator = match self.token {
            Token::Word(word) => Operator::parse(word),
            _ => None,
        };
        let operator = operator
            .ok_or_else(|| self.expected("an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"))?;
        self.advance()?;
        let value = self.value()?;
        Ok(Filter::Compare { path, operator, value })
    }

    fn value(&mut self) -> Result<Value, Error> {
        let value = match &mut self.token {
            Token::Text(text) => Value::String(std::mem::take(text)),
            Token::Word(word) => literal(word)
                .ok_or_else(|| self.expected_with_hint("a value", "string values need double quotes"))?,
            _ => {
                return Err(
                    self.expected("a value (a string in double quotes, a number, true, false or null)")
                );
            }
        };
        self.advance()?;
        Ok(value)
    }
}

fn joined(mut operands: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if operands.len() == 1 { operands.swap_remove(0) } else { join(operands) }
}

fn both(first: Filter, second: Filter) -> Filter {
    match first {
        Filter::And(mut operands) => {
            operands.push(second);
            Filter::And(operands)
        }
        first => Filter::And(vec![first, second]),
    }
}

fn attribute(name: &str) -> AttributePath {
    AttributePath { schema: None, attribute: name.to_owned(), sub_attribute: None }
}

fn is_operator(word: &str) -> bool {
    word.eq_ignore_ascii_case("pr") || Operator::parse(word).is_some()
}

/// The JSON literal that `word` is, the three names in any case.
fn literal(word: &str) -> Option<Value> {
    let names = [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)];
    if let Some((_, value)) = names.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
        return Some(value);
    }
    let number: Number = serde_json::from_str(word).ok()?;
    // For a fraction serde_json may miss the nearest float, and what is printed would read back as another.
    let exact = if number.is_f64() { Number::from_f64(word.parse().ok()?)? } else { number };
    Some(Value::Number(exact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, filter::MAX_LENGTH_BYTES};

    /// Parses `text` and compares it with the canonical form `expected`.
    fn check(text: &str, expected: &str) {
        let filter = parse(text).expect(text);
        assert_eq!(filter.to_string(), expected, "{text}");
        assert_eq!(parse(expected), Ok(filter), "{text}");
    }

    fn check_error(text: &str, expected: &str) {
        let error = parse(text).expect_err(text);
        assert_eq!((error.kind(), error.detail()), (ErrorKind::InvalidFilter, expected), "{text}");
    }

    #[test]
    fn keywords_are_read_in_any_case_and_names_kept() {
        check(r#"userName Eq "x""#, r#"userName eq "x""#);
        check(
            "USERNAME pR AND nOt(title PR)Or active eq True",
            "USERNAME pr and not (title pr) or active eq true",
        );
        check(" \tuserName\n eq\"x\" ", r#"userName eq "x""#);
        check(
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
        );
        check("not pr and and pr or or pr", "not pr and and pr or or pr");
    }

    #[test]
    fn not_binds_before_and_before_or() {
        let filter = parse("a pr or b pr and not (c pr) or d pr").expect("a filter");
        let present = |name| Filter::Present(attribute(name));
        assert_eq!(
            filter,
            Filter::Or(vec![
                present("a"),
                Filter::And(vec![present("b"), Filter::Not(Box::new(present("c")))]),
                present("d"),
            ]),
        );
        check("(a pr or b pr) and c pr", "(a pr or b pr) and c pr");
        check("((a pr)) or ((b pr and c pr))", "a pr or b pr and c pr");
        check("(a pr and b pr) and (c pr)", "(a pr and b pr) and c pr");
        check("not (not (a pr or b pr))", "not (not (a pr or b pr))");
    }

    #[test]
    fn a_comparison_after_brackets_moves_into_them() {
        check(r#"emails[type eq "work"]"#, r#"emails[type eq "work"]"#);
        check(r#"emails[type eq "work"].value eq "x""#, r#"emails[type eq "work" and value eq "x"]"#);
        check(
            r#"emails [type eq "work" and primary eq true] .value pr and title pr"#,
            r#"emails[type eq "work" and primary eq true and value pr] and title pr"#,
        );
        check(
            r#"emails[type eq "work" or type eq "home"].value co "@x""#,
            r#"emails[(type eq "work" or type eq "home") and value co "@x"]"#,
        );
        check(r#"members[$ref eq "u"]"#, r#"members[$ref eq "u"]"#);
        check("not[value pr]", "not[value pr]");
    }

    #[test]
    fn values_are_json() {
        for (value, expected) in [
            (r#""a \"b\" \\ ] \u00e9""#, r#""a \"b\" \\ ] é""#),
            ("-12", "-12"),
            ("18446744073709551615", "18446744073709551615"),
            ("1.50", "1.5"),
            ("1E2", "100.0"),
            ("FALSE", "false"),
            ("Null", "null"),
        ] {
            check(&format!("a eq {value}"), &format!("a eq {expected}"));
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        check_error("", "Bad filter at offset 0: expected an attribute name, not or (, got the end");
        check_error("fav? pr", "Bad filter at offset 0: expected an attribute name, got fav?");
        check_error("é", "Bad filter at offset 0: expected an attribute name, got é");
        check_error("é pr and", "Bad filter at offset 0: expected an attribute name, got é");
        check_error("a pr and ", "Bad filter at offset 9: expected an attribute name, not or (, got the end");
        check_error(
            "userName = \"x\"",
            "Bad filter at offset 9: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr), got =",
        );
        check_error(
            "title pr \"é\" x",
            "Bad filter at offset 9: expected and, or or the end of the filter, got \"é\"",
        );
        check_error(
            "a eq \"é\" b",
            "Bad filter at offset 10: expected and, or or the end of the filter, got b",
        );
        check_error("not title pr", "Bad filter at offset 4: expected ( after not, got title");
        check_error("(a pr", "Bad filter at offset 5: expected and, or or ), got the end");
        check_error("a pr)", "Bad filter at offset 4: expected and, or or the end of the filter, got )");
        check_error("e[a pr)", "Bad filter at offset 6: expected and, or or ], got )");
        check_error("e[a.b pr]", "Bad filter at offset 2: expected the name of a sub-attribute, got a.b");
        check_error(
            "e[a[b pr]]",
            "Bad filter at offset 3: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr), got [",
        );
        check_error(
            "e[a pr].b",
            "Bad filter at offset 9: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr), got the end",
        );
        check_error(
            "e[a pr]b pr",
            "Bad filter at offset 7: expected and, or or the end of the filter, got b",
        );
    }

    #[test]
    fn errors_in_values_tell_how_to_write_them() {
        for (filter, offset, got) in [
            ("name.familyName eq Employee", 19, "Employee"),
            ("(emails.value co example.com or a pr)", 17, "example.com"),
            ("userName eq 'x'", 12, "'x'"),
            ("a eq 01", 5, "01"),
            ("a eq 1e999", 5, "1e999"),
        ] {
            let hint = "string values need double quotes";
            check_error(
                filter,
                &format!("Bad filter at offset {offset}: expected a value, got {got}; {hint}"),
            );
        }
        check_error(
            "a eq",
            "Bad filter at offset 4: expected a value (a string in double quotes, a number, true, false or null), got the end",
        );
        check_error(
            "a eq \"x",
            "Bad filter at offset 5: expected a JSON string in double quotes, got one without a closing quote",
        );
        let long = "ü".repeat(101);
        check_error(
            &format!("a eq {long}"),
            &format!(
                "Bad filter at offset 5: expected a value, got {}…; string values need double quotes",
                "ü".repeat(100)
            ),
        );
    }

    #[test]
    fn length_and_depth_are_bounded() {
        let nested = |depth| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
        check(&nested(MAX_DEPTH), "a pr");
        check(&vec!["(a pr)"; MAX_DEPTH + 1].join("or"), &vec!["a pr"; MAX_DEPTH + 1].join(" or "));
        check_error(
            &nested(MAX_DEPTH + 1),
            "Bad filter at offset 32: expected at most 32 nested brackets, got (",
        );
        check_error(
            &"not (".repeat(33),
            "Bad filter at offset 164: expected at most 32 nested brackets, got (",
        );
        check_error(
            &format!("{}e[a pr]", "(".repeat(MAX_DEPTH)),
            "Bad filter at offset 33: expected at most 32 nested brackets, got [",
        );
        let longest = format!("a eq \"{}\"", "x".repeat(MAX_LENGTH_BYTES - 7));
        check(&longest, &longest);
        check_error(
            &format!("{longest} "),
            "Bad filter at offset 8192: expected at most 8192 bytes, got 8193 bytes",
        );
    }
}
