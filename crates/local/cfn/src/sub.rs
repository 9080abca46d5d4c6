//! The text of `Fn::Sub`: `${Name}`, `${Resource.Attribute}` and `${!Literal}`.

/// A part of the text.
pub(crate) enum Placeholder<'a> {
    Text(String),
    /// What the braces contain.
    Name(&'a str),
}

/// The parts of a text, in order. A placeholder without an end is text.
pub(crate) fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, placeholder) = rest.split_at(start);
        let Some(end) = placeholder.find('}') else {
            break;
        };
        plain.push_str(before);
        let name = &placeholder[2..end];
        rest = &placeholder[end + 1..];
        if let Some(literal) = name.strip_prefix('!') {
            plain.push_str("${");
            plain.push_str(literal);
            plain.push('}');
            continue;
        }
        parts.push(Placeholder::Text(std::mem::take(&mut plain)));
        parts.push(Placeholder::Name(name));
    }
    plain.push_str(rest);
    parts.push(Placeholder::Text(plain));
    parts
}
