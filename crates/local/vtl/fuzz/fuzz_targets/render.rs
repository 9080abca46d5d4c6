//! Any template over any input: read or refused, rendered or stopped at a bound, twice alike. How long it may
//! take is libFuzzer's `-timeout`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vtl::{Input, MAX_TEXT_BYTES, Template};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // What stands behind the first NUL is the body, the parameter and the context's.
    let (source, body) = text
        .split_once('\0')
        .unwrap_or((text, "{\"a\": [1, \"b\", null]}"));
    let Ok(template) = Template::parse(source) else {
        return;
    };
    let mut input = Input {
        body: body.to_owned(),
        context: serde_json::from_str(body).unwrap_or_default(),
        ..Input::default()
    };
    input.path.insert("key".to_owned(), body.to_owned());
    if let Ok(rendered) = template.render(&input) {
        assert!(rendered.text.len() <= MAX_TEXT_BYTES);
        assert!(template.render(&input).is_ok_and(|again| again == rendered));
    }
});
