//! Hostile strings through every mapping template of `infra/infra.yaml`, in requests and in responses of the services.
//!
//! Whatever a client or a service sends, each response is JSON with exactly the members that the route documents, and no
//! request is for a table, bucket, key or action other than the route's. The gateway is the one that runs on this
//! machine; the services are mocked. A template or a route without a case is a failure, and so is a line of a template
//! that no case needs.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod api;
mod draw;
mod exchange;
mod gallery;
mod json;
mod lists;
mod objects;
mod refusals;
#[path = "../shipped/mod.rs"]
mod shipped;
mod tokens;
mod uploads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use api_gateway::PathParameters;
use http::Method;
use proptest::strategy::Strategy as _;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::api::Shipped;
use crate::draw::{Draw, any_draw, by_hand};
use crate::exchange::{BackEndResponse, Sent, World};
use crate::objects::{DELETE, GET_ORIGINAL, GET_THUMBNAIL, HEAD_ORIGINAL, HEAD_THUMBNAIL, PUT};

/// Random draws for each template, besides those by hand.
const DRAWS: u32 = 16;

static SHIPPED: LazyLock<Shipped> = LazyLock::new(Shipped::read);

type Check = Box<dyn Fn(&World, &Draw) -> Result<(), String>>;

/// How a template is exercised, and what it must produce.
struct Case {
    /// The place of the template.
    template: String,
    check: Check,
}

fn case(template: &str, check: impl Fn(&World, &Draw) -> Result<(), String> + 'static) -> Case {
    Case {
        template: format!("{template} application/json"),
        check: Box::new(check),
    }
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("DEFAULT_4XX", refusals::default_4xx),
        case("DEFAULT_5XX", refusals::default_5xx),
        case("ACCESS_DENIED", refusals::denied),
        case("UNSUPPORTED_MEDIA_TYPE", refusals::other_type),
        case("/ get default", gallery::refused),
        case("/images get requestTemplates", lists::images_request),
        case("/images get 200", lists::images_200),
        case("/images get default", lists::images_default),
        case("/labels/{name} get requestTemplates", lists::label_request),
        case("/labels/{name} get 200", lists::label_200),
        case("/labels/{name} get default", lists::label_default),
        case(
            "/images/{key+} get requestTemplates",
            objects::record_request,
        ),
        case("/images/{key+} get 200", objects::record_200),
        case("/images/{key+} get default", objects::record_default),
        case("/images/{key+} put 200", objects::put_200),
        case("/uploads/{key+} post 200", uploads::post_200),
        case("/uploads/{key+} post default", uploads::post_default),
        case("/uploads/{key+} put 200", uploads::put_200),
        case("/uploads/{key+} put default", uploads::put_default),
        case("/uploads/{key+} get 200", uploads::get_200),
        case("/uploads/{key+} get default", uploads::get_default),
        case(
            "/uploads/{key+} patch requestTemplates",
            uploads::patch_request,
        ),
        case("/uploads/{key+} patch 200", uploads::patch_200),
        case("/uploads/{key+} patch default", uploads::patch_default),
        case("/uploads/{key+} delete default", uploads::delete_default),
    ];
    for (place, route) in [
        ("/images/{key+} put", &PUT),
        ("/images/{key+} delete", &DELETE),
        ("/thumbnails/{size}/{key+} get", &GET_THUMBNAIL),
        ("/originals/{key+} get", &GET_ORIGINAL),
    ] {
        cases.push(case(&format!("{place} default"), |world, draw| {
            objects::refused(world, draw, route)
        }));
    }
    for (place, route) in [
        ("/thumbnails/{size}/{key+} get", &GET_THUMBNAIL),
        ("/originals/{key+} get", &GET_ORIGINAL),
    ] {
        cases.push(case(&format!("{place} 416"), |world, draw| {
            objects::range_refused(world, draw, route)
        }));
    }
    for (place, route) in [
        ("/thumbnails/{size}/{key+} head", &HEAD_THUMBNAIL),
        ("/originals/{key+} head", &HEAD_ORIGINAL),
    ] {
        cases.push(case(&format!("{place} 40[03]"), |world, draw| {
            objects::head_refused(world, draw, route)
        }));
    }
    for path in [
        "/images",
        "/images/{key+}",
        "/uploads/{key+}",
        "/labels/{name}",
        "/thumbnails/{size}/{key+}",
        "/originals/{key+}",
    ] {
        cases.push(case(
            &format!("{path} options requestTemplates"),
            move |world, draw| refusals::preflight(world, draw, path),
        ));
    }
    cases
}

#[test]
fn every_template_and_every_route_has_a_case() {
    let cases = cases();
    let templates = SHIPPED.templates();
    let driven: BTreeSet<&str> = cases.iter().map(|case| case.template.as_str()).collect();
    let shipped: BTreeSet<&str> = templates.keys().map(String::as_str).collect();
    assert_eq!(driven, shipped);
    let driven: BTreeSet<String> = driven.into_iter().filter_map(route_of).collect();
    assert_eq!(driven, SHIPPED.routes());
}

/// `GET /images` of `/images get 200 application/json`.
fn route_of(template: &str) -> Option<String> {
    let mut words = template.split(' ');
    let path = words.next().filter(|word| word.starts_with('/'))?;
    Some(format!("{} {path}", words.next()?.to_uppercase()))
}

#[test]
fn no_hostile_string_changes_what_a_template_means() {
    drive(SHIPPED.clone());
}

#[test]
fn no_hostile_string_changes_a_template_that_gets_text_instead_of_base64() {
    drive(SHIPPED.without_binary_types());
}

#[test]
fn no_hostile_string_changes_a_template_that_gets_raw_path_parameters() {
    drive(SHIPPED.with_path_parameters(PathParameters::AsSent));
}

#[test]
fn a_path_that_is_not_utf8_once_decoded_reaches_no_back_end() {
    let world = World::new(SHIPPED.clone()).unwrap();
    for (method, target) in [
        (Method::PUT, "/images/%FF"),
        (Method::DELETE, "/images/a%C3"),
        (Method::GET, "/originals/%FF"),
        (Method::HEAD, "/thumbnails/256/%FF"),
    ] {
        let sent = Sent {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let refused = world.play(&sent, &BackEndResponse::HangsUp);
        refused.called_nobody().unwrap();
        assert_eq!(refused.response.status, 400);
    }
}

fn drive(shipped: Shipped) {
    let reading = shipped.path_parameters();
    let world = World::new(shipped).unwrap();
    let draws = by_hand();
    for case in cases() {
        for draw in draws.iter().filter(|draw| draw.reaches_a_template(reading)) {
            if let Err(error) = (case.check)(&world, draw) {
                panic!("{}: {error}\nfor {draw:?}", case.template);
            }
        }
        // The same draws on every run.
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config = Config {
            cases: DRAWS,
            failure_persistence: None,
            ..Config::default()
        };
        let draws = any_draw().prop_filter("decoded", move |draw| draw.reaches_a_template(reading));
        let outcome = TestRunner::new_with_rng(config, rng).run(&draws, |draw| {
            (case.check)(&world, &draw).map_err(TestCaseError::fail)
        });
        if let Err(error) = outcome {
            panic!("{}: {error}", case.template);
        }
    }
}

#[test]
fn what_has_no_velocity_in_it_is_json() {
    for (place, template) in SHIPPED.templates() {
        if !template.contains(['$', '#']) {
            json::parse(template.as_bytes()).unwrap_or_else(|error| panic!("{place}: {error}"));
        }
    }
}

/// The patterns of a template: string literals that are the first argument of a method that takes one, or a variable.
fn patterns(template: &str) -> Vec<&str> {
    let methods = [
        ".matches(",
        ".replaceAll(",
        ".replaceFirst(",
        ".split(",
        "#set($part = ",
    ];
    let mut found = Vec::new();
    for method in methods {
        for (at, _) in template.match_indices(method) {
            let rest = &template[at + method.len()..];
            let quote = rest.chars().next().unwrap();
            if quote == '"' || quote == '\'' {
                found.extend(rest[1..].split(quote).next());
            }
        }
    }
    found
}

/// Whether a group is repeated: `(…)+`, `(…)*`, `(…){…}`. Java recurses for each repetition of a group, so that a few
/// thousand characters overflow its stack (measured on `OpenJDK` 17 with 1 MB); for a single character class it loops.
fn repeats_a_group(pattern: &str) -> bool {
    let plain = pattern.replace("\\(", "").replace("\\)", "");
    [")+", ")*", "){"]
        .iter()
        .any(|repetition| plain.contains(repetition))
}

#[test]
fn no_pattern_repeats_a_group() {
    assert!(repeats_a_group("i1[.]([a-z]|~[0-9A-F])+"));
    assert!(!repeats_a_group("(?s).*<Size>([0-9]+)</Size>.*"));
    let mut count = 0;
    for (place, template) in SHIPPED.templates() {
        for pattern in patterns(&template) {
            assert!(!repeats_a_group(pattern), "{place}: {pattern}");
            count += 1;
        }
    }
    assert!(count >= 20, "{count} patterns");
}

/// Where operations share a template, a line may be needed by only one of them.
#[test]
fn every_line_of_a_template_is_needed() {
    // Every draw reaches a template then.
    let shipped = SHIPPED.with_path_parameters(PathParameters::AsSent);
    let draws = by_hand();
    let templates = shipped.templates();
    let mut sharing: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for case in cases() {
        let template = templates[&case.template].as_str();
        sharing.entry(template).or_default().push(case);
    }
    let mut idle = Vec::new();
    for (whole, cases) in sharing {
        let lines: Vec<&str> = whole.lines().collect();
        for gone in 0..lines.len() {
            let line = lines[gone].trim();
            if line.starts_with("##") {
                continue;
            }
            let rest = [&lines[..gone], &lines[gone + 1..]].concat().join("\n");
            let missed = cases.iter().any(|case| {
                let Ok(world) = World::new(shipped.with(&case.template, &rest)) else {
                    return true;
                };
                draws.iter().any(|draw| (case.check)(&world, draw).is_err())
            });
            if !missed {
                idle.push(format!("{}: {line}", cases[0].template));
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}
