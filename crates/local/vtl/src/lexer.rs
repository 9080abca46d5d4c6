//! A cursor over the characters of a template, and Velocity's words and white space.
//!
//! Tokens depend on their context (text, directive, reference, string), so the parsers ask this cursor for what they
//! expect instead of receiving a stream of tokens.

use crate::error::ParseError;

#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// What was read since `start`.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.source.get(start..self.at).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.source.len());
    }

    /// Reads `text` if it is next.
    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(crate) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Everything up to `end`, which is consumed; `None` if there is no `end`.
    pub(crate) fn take_until(&mut self, end: &str) -> Option<&'a str> {
        let found = self.rest().find(end)?;
        let taken = &self.rest()[..found];
        self.at += found + end.len();
        Some(taken)
    }

    /// Blanks and newlines inside a directive.
    pub(crate) fn skip_whitespace(&mut self) {
        self.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
    }

    /// Consumes a newline and the blanks before it, as directives do at their end.
    pub(crate) fn gobble_newline(&mut self) {
        let start = self.at;
        self.take_while(|c| matches!(c, ' ' | '\t'));
        if !(self.eat("\r\n") || self.eat("\n") || self.eat("\r")) {
            self.at = start;
        }
    }

    /// The name of a reference, a property or a method, which may contain hyphens.
    pub(crate) fn identifier(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        if !(first.is_ascii_alphabetic() || first == '_') {
            return None;
        }
        Some(self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
    }

    /// The name of a directive or a bare word.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        if !(first.is_ascii_alphabetic() || matches!(first, '_' | '@')) {
            return None;
        }
        Some(self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@')))
    }

    /// The name of a directive, bare or in braces, after its `#`.
    pub(crate) fn directive_name(&mut self) -> Option<&'a str> {
        let start = self.at;
        if self.eat("{") {
            if let Some(word) = self.word()
                && self.eat("}")
            {
                return Some(word);
            }
            self.at = start;
            return None;
        }
        self.word()
    }

    /// The text between quotes; a doubled quote is one quote, a backslash is literal.
    pub(crate) fn quoted(&mut self) -> Result<String, ParseError> {
        let start = self.at;
        let quote = if self.eat("'") { "'" } else { "\"" };
        if quote == "\"" {
            self.eat(quote);
        }
        let mut text = String::new();
        loop {
            let Some(part) = self.take_until(quote) else {
                self.at = start;
                return Err(self.error("this string is never closed"));
            };
            text.push_str(part);
            if !self.eat(quote) {
                return Ok(text);
            }
            text.push_str(quote);
        }
    }

    pub(crate) fn error(&self, problem: impl Into<String>) -> ParseError {
        self.error_at(self.at, problem)
    }

    pub(crate) fn error_at(&self, at: usize, problem: impl Into<String>) -> ParseError {
        let before = self.source.get(..at).unwrap_or(self.source);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ParseError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: problem.into(),
        }
    }

    /// The error "expected …, found …" at this position.
    pub(crate) fn expected(&self, what: &str) -> ParseError {
        match self.peek() {
            Some(found) => self.error(format!("expected {what}, found {found:?}")),
            None => self.error(format!("expected {what}, but the template ends")),
        }
    }
}
