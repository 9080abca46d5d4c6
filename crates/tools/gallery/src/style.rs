//! Minifies a style sheet: removes comments and insignificant white space.

/// The minified style sheet.
pub(crate) fn minify(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    let mut short = String::with_capacity(kept.len());
    for word in kept.split_whitespace() {
        // White space after these and before those is insignificant. Before a colon it is not: `a :hover` is not `a:hover`.
        let joins =
            short.ends_with(['{', '}', ';', ':', ',', '>']) || word.starts_with(['{', '}', '>']);
        if !joins && !short.is_empty() {
            short.push(' ');
        }
        if word.starts_with('}') && short.ends_with(';') {
            short.pop();
        }
        short.push_str(word);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insignificant_white_space_is_removed() {
        let style = "/* one\n two */\na :hover > b,\nc {\n  color: red; /* three */\n  margin: calc(1px + 2px) auto;\n}\n\n@media (min-width: 1px) and (x) { a { b: c; } }";
        assert_eq!(
            minify(style),
            "a :hover>b,c{color:red;margin:calc(1px + 2px) auto}@media (min-width:1px) and (x){a{b:c}}"
        );
    }
}
