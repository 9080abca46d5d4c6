//! The gallery page, which is public and contains no data.

use system_tests::{Access, Method, System};

#[test]
fn the_page_needs_no_credentials() {
    let system = System::shared();
    let ask = |tag: &str| {
        let request = system.request(Method::GET, "/").access(Access::Open);
        request.header("if-none-match", tag).send()
    };
    let page = ask("\"another\"");
    // A stack that was deployed by hand may have no page.
    if page.status == 404 && std::env::var_os("STACK_URL").is_some() {
        page.refused(404);
        return;
    }
    let page = page.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.starts_with(b"<!DOCTYPE html>"));
    assert!(ask(page.header("etag")).expect(304).body.is_empty());
}
