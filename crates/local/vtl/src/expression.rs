//! References, literals and operators.

use std::sync::Arc;

use crate::ast::{Access, Expression, Operator, Reference};
use crate::error::ParseError;
use crate::parser::Parser;

/// Longer operators before their prefixes.
const OPERATORS: [(&str, Operator); 21] = [
    ("||", Operator::Or),
    ("or", Operator::Or),
    ("&&", Operator::And),
    ("and", Operator::And),
    ("==", Operator::Equal),
    ("eq", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("ne", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    ("le", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("ge", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    ("lt", Operator::Less),
    (">", Operator::Greater),
    ("gt", Operator::Greater),
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Remainder),
];

impl Parser<'_> {
    /// Whether the `$` here begins a reference.
    pub(crate) fn is_reference(&self) -> bool {
        let rest = self.lexer.rest();
        let rest = rest.strip_prefix('$').unwrap_or_default();
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    }

    /// `$name`, `$!name`, `${name}`, `$!{name}` with properties, methods and indexes.
    pub(crate) fn reference(&mut self) -> Result<Reference, ParseError> {
        if !self.is_reference() {
            return Err(self.lexer.expected("a reference"));
        }
        self.lexer.skip(1);
        self.lexer.eat("!");
        let formal = self.lexer.eat("{");
        let name: Arc<str> = self.lexer.identifier().unwrap_or_default().into();
        let mut accesses = Vec::new();
        loop {
            if self.lexer.eat("[") {
                let index = self.expression()?;
                if !self.lexer.eat("]") {
                    return Err(self.lexer.expected("\"]\""));
                }
                accesses.push(Access::Index(index));
                continue;
            }
            let dot = self.lexer.rest().strip_prefix('.').unwrap_or_default();
            if !dot.starts_with(|c: char| c.is_ascii_alphabetic()) {
                break;
            }
            self.lexer.skip(1);
            let member: Arc<str> = self.lexer.identifier().unwrap_or_default().into();
            accesses.push(if self.lexer.eat("(") {
                Access::Method(member, self.elements(")")?)
            } else {
                Access::Property(member)
            });
        }
        if formal && !self.lexer.eat("}") {
            return Err(self
                .lexer
                .expected(&format!("\"}}\" at the end of ${{{name}")));
        }
        Ok(Reference { name, accesses })
    }

    /// Comma-separated expressions, up to and including `close`.
    fn elements(&mut self, close: &str) -> Result<Vec<Expression>, ParseError> {
        let mut elements = Vec::new();
        self.lexer.skip_whitespace();
        if self.lexer.eat(close) {
            return Ok(elements);
        }
        loop {
            elements.push(self.expression()?);
            if self.lexer.eat(close) {
                return Ok(elements);
            }
            if !self.lexer.eat(",") {
                return Err(self.lexer.expected(&format!("\",\" or {close:?}")));
            }
        }
    }

    pub(crate) fn expression(&mut self) -> Result<Expression, ParseError> {
        self.enter()?;
        let expression = self.binary(1)?;
        self.leave();
        Ok(expression)
    }

    /// Parses operators of at least precedence `least`, and the blanks after the last operand.
    fn binary(&mut self, least: u8) -> Result<Expression, ParseError> {
        let mut left = self.unary()?;
        let mut operators = 0;
        while let Some((sign, operator)) = self
            .operator()
            .filter(|(_, operator)| operator.precedence() >= least)
        {
            // Operators are left-associative, so each makes the tree one deeper.
            operators += 1;
            self.enter()?;
            self.lexer.skip(sign.len());
            let right = self.binary(operator.precedence() + 1)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        for _ in 0..operators {
            self.leave();
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(&'static str, Operator)> {
        let rest = self.lexer.rest();
        OPERATORS.into_iter().find(|(sign, _)| {
            rest.strip_prefix(sign).is_some_and(|after| {
                !sign.starts_with(|c: char| c.is_ascii_alphabetic())
                    || !after
                        .starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '@'))
            })
        })
    }

    fn unary(&mut self) -> Result<Expression, ParseError> {
        self.lexer.skip_whitespace();
        let start = self.lexer.at();
        let negated = self.lexer.eat("!") || self.lexer.word() == Some("not");
        let operand = if negated {
            self.enter()?;
            let operand = self.unary()?;
            self.leave();
            Expression::Not(Box::new(operand))
        } else {
            self.lexer.back_to(start);
            self.primary()?
        };
        self.lexer.skip_whitespace();
        Ok(operand)
    }

    pub(crate) fn primary(&mut self) -> Result<Expression, ParseError> {
        let start = self.lexer.at();
        match self.lexer.peek() {
            Some('$') => Ok(Expression::Reference(self.reference()?)),
            Some('\'') => Ok(Expression::Text(self.lexer.quoted()?.into())),
            Some('"') => self.double_quoted(),
            Some('(') => {
                self.lexer.skip(1);
                let inner = self.expression()?;
                if self.lexer.eat(")") {
                    Ok(inner)
                } else {
                    Err(self.lexer.expected("\")\""))
                }
            }
            Some('[') => {
                self.lexer.skip(1);
                self.list()
            }
            Some('{') => {
                self.lexer.skip(1);
                self.map()
            }
            Some('-' | '.' | '0'..='9') => self.number(),
            _ => match self.lexer.word() {
                Some("true") => Ok(Expression::Boolean(true)),
                Some("false") => Ok(Expression::Boolean(false)),
                Some("null") => Ok(Expression::Null),
                _ => {
                    self.lexer.back_to(start);
                    Err(self.lexer.expected("a value"))
                }
            },
        }
    }

    fn double_quoted(&mut self) -> Result<Expression, ParseError> {
        let start = self.lexer.at();
        let text = self.lexer.quoted()?;
        if !text.contains(['$', '#']) {
            return Ok(Expression::Text(text.into()));
        }
        self.enter()?;
        let block = Self::string(&text, self.depth).map_err(|inner| {
            self.lexer.error_at(
                start,
                format!(
                    "in this string, at its line {}, column {}: {}",
                    inner.line, inner.column, inner.problem
                ),
            )
        })?;
        self.leave();
        Ok(Expression::Interpolated(block))
    }

    /// `[a, b]` or `[from..to]`, after the bracket.
    fn list(&mut self) -> Result<Expression, ParseError> {
        self.lexer.skip_whitespace();
        if self.lexer.eat("]") {
            return Ok(Expression::List(Vec::new()));
        }
        let first = self.expression()?;
        if self.lexer.eat("..") {
            let last = self.expression()?;
            if !self.lexer.eat("]") {
                return Err(self.lexer.expected("\"]\" at the end of a range"));
            }
            return Ok(Expression::Range(Box::new(first), Box::new(last)));
        }
        let mut elements = vec![first];
        if self.lexer.eat(",") {
            elements.extend(self.elements("]")?);
        } else if !self.lexer.eat("]") {
            return Err(self.lexer.expected("\",\", \"..\" or \"]\""));
        }
        Ok(Expression::List(elements))
    }

    /// `{key: value, …}`, after the brace.
    fn map(&mut self) -> Result<Expression, ParseError> {
        let mut entries = Vec::new();
        self.lexer.skip_whitespace();
        if self.lexer.eat("}") {
            return Ok(Expression::Map(entries));
        }
        loop {
            let key = self.expression()?;
            if !self.lexer.eat(":") {
                return Err(self.lexer.expected("\":\" after a key"));
            }
            entries.push((key, self.expression()?));
            if self.lexer.eat("}") {
                return Ok(Expression::Map(entries));
            }
            if !self.lexer.eat(",") {
                return Err(self.lexer.expected("\",\" or \"}\""));
            }
        }
    }

    fn number(&mut self) -> Result<Expression, ParseError> {
        let start = self.lexer.at();
        self.lexer.eat("-");
        let whole = self.lexer.take_while(|c| c.is_ascii_digit()).len();
        let mut digits = whole;
        let mut is_float = false;
        // The first dot of `1..5` belongs to the range.
        if !self.lexer.rest().starts_with("..") && self.lexer.eat(".") {
            is_float = true;
            digits += self.lexer.take_while(|c| c.is_ascii_digit()).len();
        }
        if digits == 0 {
            return Err(self.lexer.error_at(start, "expected a number"));
        }
        let mantissa = self.lexer.at();
        if self.lexer.eat("e") || self.lexer.eat("E") {
            let _sign = self.lexer.eat("+") || self.lexer.eat("-");
            if self.lexer.take_while(|c| c.is_ascii_digit()).is_empty() {
                self.lexer.back_to(mantissa);
            } else {
                is_float = true;
            }
        }
        let text = self.lexer.since(start);
        let value = if is_float {
            text.parse().ok().map(Expression::Float)
        } else {
            text.parse().ok().map(Expression::Integer)
        };
        value.ok_or_else(|| self.lexer.error_at(start, "this number is too large"))
    }
}
