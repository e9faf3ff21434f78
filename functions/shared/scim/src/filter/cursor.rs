//! A place in the text of a filter or a PATCH path, and the errors that name it.

use super::lexer::{self, Token};
use crate::{Error, ErrorKind};

/// The longest filter or path, in bytes.
pub const MAX_LENGTH_BYTES: usize = 8 * 1024;

/// How many characters of what came an error repeats: a URN and the name behind it.
const EXCERPT_CHARACTERS: usize = 100;

/// What is parsed, and so what errors call it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    Filter,
    Path,
}

/// A text, and the token that comes next.
pub(super) struct Cursor<'a> {
    text: &'a str,
    subject: Subject,
    /// The token that comes next.
    pub(super) token: Token<'a>,
    offset: usize,
    end: usize,
    /// How many brackets are open.
    pub(super) depth: usize,
}

impl<'a> Cursor<'a> {
    /// The begin of `text`.
    pub(super) fn new(text: &'a str, subject: Subject) -> Result<Self, Error> {
        let mut cursor = Self { text, subject, token: Token::End, offset: 0, end: 0, depth: 0 };
        if text.len() > MAX_LENGTH_BYTES {
            let got = format!("{} bytes", text.len());
            return Err(cursor.error(MAX_LENGTH_BYTES, &format!("at most {MAX_LENGTH_BYTES} bytes"), &got));
        }
        cursor.advance()?;
        Ok(cursor)
    }

    /// Passes the next token.
    pub(super) fn advance(&mut self) -> Result<(), Error> {
        let (token, range) = lexer::token(self.text, self.end)
            .map_err(|fault| self.error(fault.offset, fault.expected, fault.got))?;
        (self.token, self.offset, self.end) = (token, range.start, range.end);
        Ok(())
    }

    /// Passes the word `keyword`, in any case, if it comes next.
    pub(super) fn passes(&mut self, keyword: &str) -> Result<bool, Error> {
        let comes = matches!(self.token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if comes {
            self.advance()?;
        }
        Ok(comes)
    }

    /// The refusal of the next token.
    pub(super) fn expected(&self, expected: &str) -> Error {
        self.error(self.offset, expected, &self.excerpt())
    }

    /// The refusal of the next token, with a hint.
    pub(super) fn expected_with_hint(&self, expected: &str, hint: &str) -> Error {
        self.error(self.offset, expected, &format!("{}; {hint}", self.excerpt()))
    }

    /// What the next token looks like, cut where it is long.
    fn excerpt(&self) -> String {
        match self.text.get(self.offset..self.end) {
            None | Some("") => "the end".to_owned(),
            Some(text) if text.chars().nth(EXCERPT_CHARACTERS).is_none() => text.to_owned(),
            Some(text) => text.chars().take(EXCERPT_CHARACTERS).chain(['…']).collect(),
        }
    }

    fn error(&self, offset: usize, expected: &str, got: &str) -> Error {
        let (kind, subject) = match self.subject {
            Subject::Filter => (ErrorKind::InvalidFilter, "filter"),
            Subject::Path => (ErrorKind::InvalidPath, "path"),
        };
        Error::new(kind, format!("Bad {subject} at offset {offset}: expected {expected}, got {got}"))
    }
}
