//! `$` and `#` that do not begin a reference or directive, and backslashes before them, as in Velocity's lexer.
//!
//! See "Getting literal" in the Velocity user guide; otherwise this is the behaviour of Apache Velocity 1.7.

use crate::ast::Node;
use crate::error::ParseError;
use crate::parser::{DIRECTIVES, Parser, push_text};

/// Directives that drop a lone `$` directly before them.
const SWALLOWING: [&str; 4] = ["if", "elseif", "else", "end"];
/// Directives that are read as text directly after a lone `$`, so that their `#end` has no directive.
const UNREADABLE: [&str; 3] = ["foreach", "define", "macro"];

impl Parser<'_> {
    /// Parses what begins with `$`, after this many backslashes.
    pub(crate) fn dollar(
        &mut self,
        backslashes: usize,
        nodes: &mut Vec<Node>,
    ) -> Result<(), ParseError> {
        let start = self.lexer.at();
        if !self.is_reference() {
            return self.lone_dollars(backslashes, nodes);
        }
        let reference = self.reference()?;
        push_text(nodes, &"\\".repeat(backslashes / 2));
        if backslashes % 2 == 1 {
            let source = self.lexer.since(start).into();
            nodes.push(Node::Escaped { reference, source });
        } else {
            nodes.push(Node::Reference(reference));
        }
        Ok(())
    }

    /// Backslashes before a directive escape it in pairs; before anything else they are text.
    pub(crate) fn backslashes_before_hash(&mut self, backslashes: usize, nodes: &mut Vec<Node>) {
        let hash = self.lexer.at();
        self.lexer.skip(1);
        let name = self.lexer.directive_name();
        let known = name.filter(|name| DIRECTIVES.contains(name));
        if backslashes % 2 == 1 && name.is_some() {
            let kept = if known.is_some() {
                backslashes / 2
            } else {
                backslashes
            };
            push_text(nodes, &"\\".repeat(kept));
            push_text(nodes, self.lexer.since(hash));
        } else {
            // Velocity does not look for #set here.
            let halved = known.is_some_and(|name| name != "set");
            let kept = if halved { backslashes / 2 } else { backslashes };
            push_text(nodes, &"\\".repeat(kept));
            self.lexer.back_to(hash);
        }
    }

    /// `$`, `$!`, `${` or `$\!` without a name after it.
    fn lone_dollars(
        &mut self,
        backslashes: usize,
        nodes: &mut Vec<Node>,
    ) -> Result<(), ParseError> {
        let start = self.lexer.at();
        while self.lexer.peek() == Some('$') && !self.is_reference() {
            self.lexer.skip(1);
            self.lexer.eat("!");
        }
        if self.lexer.is_at_end() && !self.in_string {
            return Err(self.lexer.error_at(start, "the template ends in \"$\""));
        }
        if self.is_swallowed()? {
            return Ok(());
        }
        push_text(nodes, &"\\".repeat(backslashes));
        push_text(nodes, self.lexer.since(start));
        self.escaped_bang(nodes);
        if self.lexer.eat("{") {
            push_text(nodes, "{");
        }
        Ok(())
    }

    /// The user guide's `$\!foo`: one backslash is removed, and the rest is text.
    fn escaped_bang(&mut self, nodes: &mut Vec<Node>) {
        let start = self.lexer.at();
        let backslashes = self.lexer.take_while(|c| c == '\\').len();
        if backslashes == 0 || !self.lexer.eat("!") {
            self.lexer.back_to(start);
            return;
        }
        push_text(nodes, &"\\".repeat(backslashes - 1));
        push_text(nodes, "!");
        push_text(nodes, self.lexer.identifier().unwrap_or_default());
    }

    /// A `#` that does not begin a directive or a comment.
    pub(crate) fn lone_hash(&mut self, nodes: &mut Vec<Node>) {
        if !self.is_before_set() {
            push_text(nodes, "#");
        }
    }

    /// Whether Velocity drops lone dollars because of what follows them.
    fn is_swallowed(&mut self) -> Result<bool, ParseError> {
        if self.is_before_set() {
            return Ok(true);
        }
        let start = self.lexer.at();
        if !self.lexer.eat("#") {
            return Ok(false);
        }
        if self.lexer.rest().starts_with('*') {
            let empty = self.lexer.rest().starts_with("**#");
            self.lexer.back_to(start);
            return Ok(!empty);
        }
        let name = self.lexer.directive_name().unwrap_or_default();
        self.lexer.back_to(start);
        if UNREADABLE.contains(&name) {
            let problem =
                format!("#{name} directly after \"$\" is text, so its #end has no directive");
            return Err(self.lexer.error(problem));
        }
        Ok(SWALLOWING.contains(&name))
    }

    /// Whether `#set(` is next, with or without blanks before it.
    fn is_before_set(&mut self) -> bool {
        let start = self.lexer.at();
        let found = self.eat_set();
        self.lexer.back_to(start);
        found
    }
}
