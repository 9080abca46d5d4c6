//! Text, directives and blocks. What does not look like Velocity is text; malformed Velocity is an error.
//!
//! The grammar is that of Apache Velocity 1.7, which agrees with what was recorded from API Gateway, except that `#macro`
//! defines nothing and that `null` is a value.

use std::sync::Arc;

use crate::ast::{Block, Expression, Node};
use crate::error::{MAX_DEPTH, ParseError};
use crate::lexer::Lexer;

/// The directives of API Gateway; all other words after `#` are text.
pub(crate) const DIRECTIVES: [&str; 10] = [
    "set", "if", "elseif", "else", "end", "foreach", "define", "macro", "break", "stop",
];

pub(crate) fn parse_template(source: &str) -> Result<Block, ParseError> {
    Parser {
        lexer: Lexer::new(source),
        depth: 0,
        in_string: false,
    }
    .whole()
}

pub(crate) struct Parser<'a> {
    pub(crate) lexer: Lexer<'a>,
    /// The number of open blocks and expressions, to bound the stack.
    pub(crate) depth: usize,
    /// In a double-quoted string a final `$` or `#` is text; at the end of a template it is an error.
    pub(crate) in_string: bool,
}

/// What ended a block.
#[derive(Debug, PartialEq, Eq)]
enum Terminator {
    EndOfText,
    End,
    Else,
    ElseIf,
}

impl Parser<'_> {
    /// Parses the content of a double-quoted string, which is itself a template.
    pub(crate) fn string(text: &str, depth: usize) -> Result<Block, ParseError> {
        Parser {
            lexer: Lexer::new(text),
            depth,
            in_string: true,
        }
        .whole()
    }

    fn whole(mut self) -> Result<Block, ParseError> {
        let mut nodes = Vec::new();
        let start = self.lexer.at();
        match self.nodes(&mut nodes)? {
            (Terminator::EndOfText, _) => Ok(nodes.into()),
            (other, at) => {
                let name = match other {
                    Terminator::Else => "#else",
                    Terminator::ElseIf => "#elseif",
                    _ => "#end",
                };
                Err(self.lexer.error_at(
                    at.max(start),
                    format!("{name} without a directive that it belongs to"),
                ))
            }
        }
    }

    pub(crate) fn enter(&mut self) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.lexer.error(format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Parses the statements up to a terminator; returns it and its position. The condition of `#elseif` is not consumed.
    fn nodes(&mut self, nodes: &mut Vec<Node>) -> Result<(Terminator, usize), ParseError> {
        loop {
            let start = self.lexer.at();
            if self.eat_set() {
                nodes.push(self.set()?);
                continue;
            }
            match self.lexer.peek() {
                None => return Ok((Terminator::EndOfText, start)),
                Some('$') => self.dollar(0, nodes)?,
                Some('\\') => {
                    let backslashes = self.lexer.take_while(|c| c == '\\').len();
                    match self.lexer.peek() {
                        Some('$') => self.dollar(backslashes, nodes)?,
                        Some('#') => self.backslashes_before_hash(backslashes, nodes),
                        _ => push_text(nodes, self.lexer.since(start)),
                    }
                }
                Some('#') => {
                    if let Some(terminator) = self.hash(nodes)? {
                        return Ok((terminator, start));
                    }
                }
                Some(_) => {
                    let text = self.lexer.take_while(|c| !matches!(c, '$' | '#' | '\\'));
                    push_text(nodes, text);
                }
            }
        }
    }

    /// `#set(`, and the blanks before it if they follow a directive or a reference: Velocity reads
    /// blanks after other text as part of that text, and keeps them.
    pub(crate) fn eat_set(&mut self) -> bool {
        let start = self.lexer.at();
        self.lexer.take_while(|c| matches!(c, ' ' | '\t'));
        if self.lexer.eat("#set") || self.lexer.eat("#{set}") {
            self.lexer.take_while(|c| c == ' ');
            if self.lexer.eat("(") {
                return true;
            }
        }
        self.lexer.back_to(start);
        false
    }

    fn set(&mut self) -> Result<Node, ParseError> {
        self.lexer.skip_whitespace();
        let target = self.reference()?;
        self.lexer.skip_whitespace();
        if !self.lexer.eat("=") {
            return Err(self.lexer.expected("\"=\" in #set"));
        }
        let value = self.expression()?;
        self.close_directive("#set")?;
        Ok(Node::Set { target, value })
    }

    fn hash(&mut self, nodes: &mut Vec<Node>) -> Result<Option<Terminator>, ParseError> {
        let start = self.lexer.at();
        self.lexer.skip(1);
        if self.lexer.eat("#") {
            self.lexer.take_while(|c| !matches!(c, '\r' | '\n'));
            self.lexer.gobble_newline();
            return Ok(None);
        }
        if self.lexer.eat("[[") {
            let Some(text) = self.lexer.take_until("]]#") else {
                return Err(self.lexer.error_at(start, "\"#[[\" without \"]]#\""));
            };
            push_text(nodes, text);
            return Ok(None);
        }
        if self.lexer.eat("*") {
            if self.lexer.take_until("*#").is_none() {
                self.lexer.take_while(|_| true);
            }
            return Ok(None);
        }
        let Some(name) = self.lexer.directive_name() else {
            if self.lexer.is_at_end() && !self.in_string {
                return Err(self.lexer.error_at(start, "the template ends in \"#\""));
            }
            self.lone_hash(nodes);
            return Ok(None);
        };
        match name {
            "end" => {
                self.lexer.gobble_newline();
                return Ok(Some(Terminator::End));
            }
            "else" => {
                self.lexer.gobble_newline();
                return Ok(Some(Terminator::Else));
            }
            "elseif" => return Ok(Some(Terminator::ElseIf)),
            "if" => nodes.push(self.conditional(start)?),
            "foreach" => nodes.push(self.foreach(start)?),
            "define" => nodes.push(self.define(start)?),
            "macro" => {
                self.unknown_arguments("#macro")?;
                self.block(start, "#macro")?;
            }
            "break" => {
                let scope = self.argument("#break")?;
                nodes.push(Node::Break(scope));
            }
            "stop" => {
                // The message is for Velocity's log.
                self.argument("#stop")?;
                nodes.push(Node::Stop);
            }
            _ => {
                let bare = self.lexer.at();
                self.lexer.skip_whitespace();
                if self.lexer.peek() == Some('(') {
                    self.lexer.back_to(bare);
                    self.unknown_arguments(&format!("#{name}"))?;
                } else {
                    self.lexer.back_to(bare);
                }
                push_text(nodes, self.lexer.since(start));
            }
        }
        Ok(None)
    }

    /// The arguments of an unknown directive must still have the form of arguments.
    fn unknown_arguments(&mut self, directive: &str) -> Result<(), ParseError> {
        self.open_directive(directive)?;
        loop {
            self.lexer.skip_whitespace();
            if self.lexer.eat(",") {
                continue;
            }
            if self.lexer.peek() == Some(')') {
                return self.close_directive(directive);
            }
            if self.lexer.word().is_none() {
                self.primary()?;
            }
        }
    }

    /// The one argument that `#break` and `#stop` may have: a scope, a message.
    fn argument(&mut self, directive: &str) -> Result<Option<Expression>, ParseError> {
        let start = self.lexer.at();
        self.lexer.skip_whitespace();
        if !self.lexer.eat("(") {
            self.lexer.back_to(start);
            return Ok(None);
        }
        self.lexer.skip_whitespace();
        let argument = match self.lexer.peek() {
            Some(')') => None,
            _ => Some(self.expression()?),
        };
        self.close_directive(directive)?;
        Ok(argument)
    }

    fn open_directive(&mut self, directive: &str) -> Result<(), ParseError> {
        self.lexer.skip_whitespace();
        if self.lexer.eat("(") {
            Ok(())
        } else {
            Err(self.lexer.expected(&format!("\"(\" after {directive}")))
        }
    }

    fn close_directive(&mut self, directive: &str) -> Result<(), ParseError> {
        self.lexer.skip_whitespace();
        if !self.lexer.eat(")") {
            return Err(self
                .lexer
                .expected(&format!("\")\" at the end of {directive}")));
        }
        self.lexer.gobble_newline();
        Ok(())
    }

    /// The statements of a directive up to its `#end`.
    fn block(&mut self, start: usize, directive: &str) -> Result<Block, ParseError> {
        let (body, terminator) = self.branch(start, directive)?;
        if terminator == Terminator::End {
            return Ok(body);
        }
        Err(self.lexer.error(format!("{directive} can't have an #else")))
    }

    fn branch(&mut self, start: usize, directive: &str) -> Result<(Block, Terminator), ParseError> {
        self.enter()?;
        let mut nodes = Vec::new();
        let (terminator, _) = self.nodes(&mut nodes)?;
        self.leave();
        if terminator == Terminator::EndOfText {
            return Err(self
                .lexer
                .error_at(start, format!("{directive} without #end")));
        }
        Ok((nodes.into(), terminator))
    }

    fn conditional(&mut self, start: usize) -> Result<Node, ParseError> {
        let mut branches = Vec::new();
        loop {
            self.open_directive("#if")?;
            let condition = self.expression()?;
            self.close_directive("#if")?;
            let (body, terminator) = self.branch(start, "#if")?;
            branches.push((condition, body));
            match terminator {
                Terminator::ElseIf => {}
                Terminator::Else => {
                    let otherwise = self.block(start, "#else")?;
                    return Ok(Node::If {
                        branches,
                        otherwise,
                    });
                }
                _ => {
                    return Ok(Node::If {
                        branches,
                        otherwise: Arc::default(),
                    });
                }
            }
        }
    }

    fn foreach(&mut self, start: usize) -> Result<Node, ParseError> {
        self.open_directive("#foreach")?;
        let variable = self.variable("#foreach")?;
        self.lexer.skip_whitespace();
        if self.lexer.word() != Some("in") {
            return Err(self.lexer.expected("\"in\" in #foreach"));
        }
        let over = self.expression()?;
        self.close_directive("#foreach")?;
        let body = self.block(start, "#foreach")?;
        Ok(Node::Foreach {
            variable,
            over,
            body,
        })
    }

    fn define(&mut self, start: usize) -> Result<Node, ParseError> {
        self.open_directive("#define")?;
        let name = self.variable("#define")?;
        self.close_directive("#define")?;
        let body = self.block(start, "#define")?;
        Ok(Node::Define { name, body })
    }

    /// A reference without properties, which `#foreach` and `#define` assign to.
    fn variable(&mut self, directive: &str) -> Result<Arc<str>, ParseError> {
        self.lexer.skip_whitespace();
        let start = self.lexer.at();
        let reference = self.reference()?;
        if reference.accesses.is_empty() {
            return Ok(reference.name);
        }
        Err(self
            .lexer
            .error_at(start, format!("{directive} assigns to a plain reference")))
    }
}

pub(crate) fn push_text(nodes: &mut Vec<Node>, text: &str) {
    if !text.is_empty() {
        nodes.push(Node::Text(text.into()));
    }
}
