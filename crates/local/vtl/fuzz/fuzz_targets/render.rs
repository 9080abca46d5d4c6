//! Any template with any input is parsed or refused, and rendered or stopped at a limit, with the same result twice.
//! libFuzzer's `-timeout` limits the time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vtl::{Input, MAX_TEXT_BYTES, Template};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // The text after the first NUL is the body, a parameter and a value of the context.
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
