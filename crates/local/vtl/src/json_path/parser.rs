//! Parses a `JSONPath`.

use std::sync::Arc;

use super::filter::{Comparison, Filter, Operand};
use super::{JsonPath, Selector, Step};

const MAX_NESTING: usize = 16;
/// The limit on conditions in one path: they make a tree as deep as their number.
const MAX_CONDITIONS: usize = 64;

/// Longer operators before their prefixes.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

pub(super) fn parse(path: &str) -> Result<JsonPath, String> {
    let mut parser = Parser {
        rest: path.trim(),
        nesting: 0,
        conditions: 0,
    };
    let steps = if parser.eat("$") {
        parser.steps()?
    } else {
        // A path without its root is read as if it began with `$.`.
        let mut steps = Vec::new();
        if !parser.rest.starts_with('[') {
            steps.push(Step {
                descends: false,
                selector: parser.dotted()?,
            });
        }
        steps.extend(parser.steps()?);
        steps
    };
    if parser.rest.is_empty() {
        Ok(JsonPath { steps })
    } else {
        Err(parser.unexpected())
    }
}

struct Parser<'p> {
    rest: &'p str,
    nesting: usize,
    conditions: usize,
}

impl<'p> Parser<'p> {
    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'p str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn unexpected(&self) -> String {
        match self.rest.chars().next() {
            Some(c) => format!("unexpected {c:?}"),
            None => "it ends too early".to_owned(),
        }
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        self.skip_blanks();
        if self.eat(text) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Consecutive steps.
    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            let descends = self.eat("..");
            let selector = if self.rest.starts_with('[') {
                self.bracketed()?
            } else if descends || self.eat(".") {
                self.dotted()?
            } else {
                return Ok(steps);
            };
            steps.push(Step { descends, selector });
        }
    }

    fn dotted(&mut self) -> Result<Selector, String> {
        if self.eat("*") {
            return Ok(Selector::Wildcard);
        }
        let name = self.take_while(|c| {
            !matches!(
                c,
                '.' | '['
                    | ']'
                    | '('
                    | ')'
                    | ' '
                    | '='
                    | '!'
                    | '<'
                    | '>'
                    | '&'
                    | '|'
                    | '\''
                    | '"'
                    | ','
            )
        });
        if name.is_empty() {
            return Err(self.unexpected());
        }
        if self.eat("(") {
            self.expect(")")?;
            return match name {
                "length" | "size" => Ok(Selector::Length),
                "keys" => Ok(Selector::Keys),
                _ => Err(format!("the function {name}() is not supported")),
            };
        }
        Ok(Selector::Property(name.into()))
    }

    fn bracketed(&mut self) -> Result<Selector, String> {
        self.expect("[")?;
        self.skip_blanks();
        let selector = if self.eat("*") {
            Selector::Wildcard
        } else if self.eat("?") {
            self.expect("(")?;
            let filter = self.filter()?;
            self.expect(")")?;
            Selector::Filter(filter)
        } else if self.rest.starts_with(['\'', '"']) {
            let mut names = vec![self.quoted()?];
            self.skip_blanks();
            while self.eat(",") {
                self.skip_blanks();
                names.push(self.quoted()?);
                self.skip_blanks();
            }
            if names.len() == 1 {
                Selector::Property(names.swap_remove(0))
            } else {
                Selector::Properties(names)
            }
        } else {
            self.positions()?
        };
        self.expect("]")?;
        Ok(selector)
    }

    /// `1`, `-1`, `0,2`, `1:3`, `:2`, `-2:`.
    fn positions(&mut self) -> Result<Selector, String> {
        let first = self.index()?;
        self.skip_blanks();
        if self.eat(":") {
            self.skip_blanks();
            return Ok(Selector::Slice(first, self.index()?));
        }
        let mut indexes = vec![first.ok_or_else(|| self.unexpected())?];
        while self.eat(",") {
            self.skip_blanks();
            indexes.push(self.index()?.ok_or_else(|| self.unexpected())?);
            self.skip_blanks();
        }
        Ok(Selector::Indexes(indexes))
    }

    fn index(&mut self) -> Result<Option<i128>, String> {
        let text = self.take_while(|c| c == '-' || c.is_ascii_digit());
        if text.is_empty() {
            return Ok(None);
        }
        text.parse()
            .map(Some)
            .map_err(|_| format!("{text:?} is not an index"))
    }

    /// A quoted string; a backslash makes the next character literal.
    fn quoted(&mut self) -> Result<Arc<str>, String> {
        let mut characters = self.rest.char_indices();
        let Some((_, quote @ ('\'' | '"'))) = characters.next() else {
            return Err(self.unexpected());
        };
        let mut text = String::new();
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => text.extend(characters.next().map(|(_, c)| c)),
                c if c == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text.into());
                }
                c => text.push(c),
            }
        }
        Err("a quote is never closed".to_owned())
    }

    fn filter(&mut self) -> Result<Filter, String> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err("the filters nest too deep".to_owned());
        }
        let mut left = self.conjunction()?;
        loop {
            self.skip_blanks();
            if !self.eat("||") {
                self.nesting -= 1;
                return Ok(left);
            }
            left = Filter::Or(Box::new(left), Box::new(self.conjunction()?));
        }
    }

    fn conjunction(&mut self) -> Result<Filter, String> {
        let mut left = self.condition()?;
        loop {
            self.skip_blanks();
            if !self.eat("&&") {
                return Ok(left);
            }
            left = Filter::And(Box::new(left), Box::new(self.condition()?));
        }
    }

    fn condition(&mut self) -> Result<Filter, String> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err("it holds too many conditions".to_owned());
        }
        self.skip_blanks();
        if self.eat("!") {
            self.nesting += 1;
            if self.nesting > MAX_NESTING {
                return Err("the filters nest too deep".to_owned());
            }
            let inner = self.condition()?;
            self.nesting -= 1;
            return Ok(Filter::Not(Box::new(inner)));
        }
        if self.eat("(") {
            let inner = self.filter()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let left = self.operand()?;
        self.skip_blanks();
        match COMPARISONS
            .into_iter()
            .find(|(sign, _)| self.rest.starts_with(sign))
        {
            Some((sign, comparison)) => {
                self.eat(sign);
                Ok(Filter::Compare(left, comparison, self.operand()?))
            }
            None => Ok(Filter::Exists(left)),
        }
    }

    fn operand(&mut self) -> Result<Operand, String> {
        self.skip_blanks();
        if self.rest.starts_with(['\'', '"']) {
            return self.quoted().map(Operand::Text);
        }
        let is_item = self.eat("@");
        if is_item || self.eat("$") {
            self.nesting += 1;
            if self.nesting > MAX_NESTING {
                return Err("the filters nest too deep".to_owned());
            }
            let path = JsonPath {
                steps: self.steps()?,
            };
            self.nesting -= 1;
            return Ok(if is_item {
                Operand::Item(path)
            } else {
                Operand::Root(path)
            });
        }
        match self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')) {
            "true" => Ok(Operand::Boolean(true)),
            "false" => Ok(Operand::Boolean(false)),
            "null" => Ok(Operand::Null),
            "" => Err(self.unexpected()),
            text => text
                .parse()
                .map(Operand::Integer)
                .or_else(|_| text.parse().map(Operand::Float))
                .map_err(|_| format!("{text:?} is neither a number nor a quoted text")),
        }
    }
}
