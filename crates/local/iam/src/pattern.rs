//! Strings with wildcards and policy variables.

use crate::context::{self, check_key};
use crate::{Error, Request};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Char(char),
    /// `?`, and whether it matches a colon.
    One {
        colon: bool,
    },
    /// `*`, and whether it matches colons.
    Many {
        colon: bool,
    },
    /// `${aws:PrincipalAccount}`
    Variable(String),
}

/// Which of `*`, `?` and `${…}` are special.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Syntax {
    pub(crate) wildcards: bool,
    pub(crate) variables: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

impl Pattern {
    pub(crate) fn read(text: &str, syntax: Syntax) -> Result<Self, Error> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            if let Some(variable) = rest.strip_prefix("${").filter(|_| syntax.variables) {
                let (name, after) = variable.split_once('}').ok_or_else(|| {
                    Error::new(format!("the policy variable in {text} has no end"))
                })?;
                tokens.push(variable_token(name)?);
                rest = after;
                continue;
            }
            rest = &rest[char.len_utf8()..];
            tokens.push(match char {
                '*' if syntax.wildcards => Token::Many { colon: true },
                '?' if syntax.wildcards => Token::One { colon: true },
                char => Token::Char(char),
            });
        }
        Ok(Self { tokens })
    }

    /// A pattern for whole ARNs: in the first five of an ARN's six parts, a wildcard matches only within its part, except a
    /// `*` at the part's end ("IAM JSON policy elements: Resource").
    pub(crate) fn bounded_by_colons(mut self) -> Self {
        let mut part = 0;
        for index in 0..self.tokens.len() {
            let ends_part = matches!(self.tokens.get(index + 1), None | Some(Token::Char(':')));
            match &mut self.tokens[index] {
                Token::Char(':') => part += 1,
                Token::One { colon } => *colon = part >= 5,
                Token::Many { colon } => *colon = part >= 5 || ends_part,
                Token::Char(_) | Token::Variable(_) => {}
            }
        }
        self
    }

    /// An ARN's six parts as separate patterns; `None` if there are fewer.
    pub(crate) fn parts(self) -> Option<[Self; 6]> {
        let parts: Vec<_> = self
            .tokens
            .splitn(6, |token| *token == Token::Char(':'))
            .collect();
        let part = |tokens: &[Token]| Self {
            tokens: tokens.to_vec(),
        };
        parts
            .into_iter()
            .map(part)
            .collect::<Vec<_>>()
            .try_into()
            .ok()
    }

    /// Whether all of `text` matches. A variable without exactly one value in the request matches nothing.
    pub(crate) fn matches(&self, text: &str, request: &Request<'_>) -> bool {
        let has_variables = self
            .tokens
            .iter()
            .any(|token| matches!(token, Token::Variable(_)));
        if !has_variables {
            return matches(&self.tokens, text);
        }
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            let Token::Variable(name) = token else {
                tokens.push(token.clone());
                continue;
            };
            match context::values(request, name).as_deref() {
                // Wildcards in a variable's value are literal.
                Some([value]) => tokens.extend(value.chars().map(Token::Char)),
                _ => return false,
            }
        }
        matches(&tokens, text)
    }

    /// As [`Pattern::matches`], ignoring ASCII case.
    pub(crate) fn matches_ignoring_case(&self, text: &str, request: &Request<'_>) -> bool {
        let lower = |token: &Token| match token {
            Token::Char(char) => Token::Char(char.to_ascii_lowercase()),
            other => other.clone(),
        };
        let pattern = Self {
            tokens: self.tokens.iter().map(lower).collect(),
        };
        pattern.matches(&text.to_ascii_lowercase(), request)
    }
}

fn variable_token(name: &str) -> Result<Token, Error> {
    match name {
        "*" | "?" | "$" => Ok(Token::Char(name.chars().next().unwrap_or_default())),
        _ => match check_key(name) {
            Ok(()) => Ok(Token::Variable(name.to_owned())),
            Err(_) => Err(Error::new(format!(
                "the policy variable ${{{name}}} is not supported"
            ))),
        },
    }
}

/// Simulates all paths through the pattern at once, so that the work is at most O(pattern × text).
fn matches(tokens: &[Token], text: &str) -> bool {
    // A `*` also matches the empty string.
    let pass_stars = |reached: &mut [bool]| {
        for (index, token) in tokens.iter().enumerate() {
            if reached[index] && matches!(token, Token::Many { .. }) {
                reached[index + 1] = true;
            }
        }
    };
    let mut reached = vec![false; tokens.len() + 1];
    reached[0] = true;
    pass_stars(&mut reached);
    for char in text.chars() {
        let mut next = vec![false; reached.len()];
        for (index, token) in tokens
            .iter()
            .enumerate()
            .filter(|(index, _)| reached[*index])
        {
            match token {
                Token::Char(expected) => next[index + 1] |= *expected == char,
                Token::One { colon } => next[index + 1] |= *colon || char != ':',
                Token::Many { colon } => next[index] |= *colon || char != ':',
                Token::Variable(_) => {}
            }
        }
        pass_stars(&mut next);
        reached = next;
    }
    reached[tokens.len()]
}
