//! Removes an entry from YAML text without touching the rest.

use std::ops::Range;

use cfn::Span;

/// The lines of a text, mostly in block style.
pub struct Lines<'text>(Vec<&'text str>);

/// A change of some lines, counted from 0.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Removes these lines.
    Remove(Range<usize>),
    /// Replaces this line.
    Replace(usize, String),
}

impl<'text> Lines<'text> {
    /// Splits a text.
    pub fn of(text: &'text str) -> Self {
        Self(text.lines().collect())
    }

    /// A line, counted from 0.
    pub fn get(&self, line: usize) -> &'text str {
        self.0.get(line).copied().unwrap_or_default()
    }

    /// The lines of a map's entry whose key is at `key`: that line, and all that are indented deeper.
    pub fn entry(&self, key: Span) -> Range<usize> {
        self.block(key.line - 1, key.column - 1, false)
    }

    /// The lines of a list's entry that begins at `value`, its dash two columns before.
    pub fn item(&self, value: Span) -> Range<usize> {
        self.block(value.line - 1, value.column.saturating_sub(3), true)
    }

    /// Removes an item of a list in flow style, with the comma after it or else the one before it; `None` in block style.
    pub fn flow_item(&self, value: Span, text: &str) -> Option<Edit> {
        let line = self.get(value.line - 1);
        let (before, rest) = line.split_at_checked(value.column - 1)?;
        if before.trim_end().ends_with('-') {
            return None;
        }
        let after = rest.strip_prefix(text)?;
        let line = match after.strip_prefix(',') {
            Some(after) => format!("{before}{}", after.trim_start()),
            // A bracket less indented than its list's key is no YAML. The comma of the line before may stay.
            None if before.trim().is_empty() => format!("{before}{after}"),
            None => format!("{}{after}", before.trim_end().trim_end_matches(',')),
        };
        Some(Edit::Replace(value.line - 1, line))
    }

    /// From `first` to the last line that is indented deeper than `indent`. A list may have the indentation of its key, but
    /// not that of the dash before it.
    fn block(&self, first: usize, indent: usize, dash: bool) -> Range<usize> {
        let mut end = first + 1;
        for (number, line) in self.0.iter().enumerate().skip(first + 1) {
            let depth = line.len() - line.trim_start().len();
            if line.trim().is_empty() {
                continue;
            }
            let belongs =
                depth > indent || (!dash && depth == indent && line.trim_start().starts_with("- "));
            if !belongs {
                break;
            }
            end = number + 1;
        }
        first..end
    }

    /// The text after some edits.
    pub fn edited(&self, edits: &[Edit]) -> String {
        let mut text = String::new();
        for (number, line) in self.0.iter().enumerate() {
            let mut line = *line;
            let mut gone = false;
            for edit in edits {
                match edit {
                    Edit::Remove(lines) => gone |= lines.contains(&number),
                    Edit::Replace(replaced, by) if *replaced == number => line = by,
                    Edit::Replace(..) => {}
                }
            }
            if !gone {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
A:
  - X: 1
    Y:
      - 2

      # still Y
  - Z: |-
      text

      more
B: {c: d}
";

    fn without(lines: &Lines<'_>, range: Range<usize>) -> String {
        lines.edited(&[Edit::Remove(range)])
    }

    #[test]
    fn an_entry_is_removed_with_all_that_is_indented_deeper() {
        let lines = Lines::of(TEXT);
        let at = |line, column| Span { line, column };
        assert_eq!(lines.entry(at(1, 1)), 0..10);
        assert_eq!(lines.entry(at(3, 5)), 2..6);
        assert_eq!(lines.item(at(2, 5)), 1..6);
        assert_eq!(lines.item(at(7, 5)), 6..10);
        assert_eq!(lines.entry(at(11, 1)), 10..11);
        assert_eq!(without(&lines, 0..10), "B: {c: d}\n");
    }

    #[test]
    fn a_list_may_be_indented_like_its_key() {
        let lines = Lines::of("A:\n- 1\n- 2\nB: 3\n");
        assert_eq!(lines.entry(Span { line: 1, column: 1 }), 0..3);
        assert_eq!(lines.item(Span { line: 2, column: 3 }), 1..2);
    }

    #[test]
    fn an_item_in_flow_style_is_removed_with_one_comma() {
        let lines = Lines::of("A: [b, c,\n  d]\n- e\n");
        let without = |line, column, text| {
            let edit = lines.flow_item(Span { line, column }, text)?;
            Some(lines.edited(&[edit]))
        };
        assert_eq!(without(1, 5, "b").unwrap(), "A: [c,\n  d]\n- e\n");
        assert_eq!(without(1, 8, "c").unwrap(), "A: [b, \n  d]\n- e\n");
        assert_eq!(without(2, 3, "d").unwrap(), "A: [b, c,\n  ]\n- e\n");
        assert_eq!(without(3, 3, "e"), None);
    }

    #[test]
    fn a_line_is_replaced() {
        let lines = Lines::of("a\nb\n");
        assert_eq!(lines.edited(&[Edit::Replace(1, "c".to_owned())]), "a\nc\n");
    }
}
