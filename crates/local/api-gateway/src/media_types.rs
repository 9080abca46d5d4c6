//! Which payloads are binary: `binaryMediaTypes`.

/// The binary media types of the API.
#[derive(Debug, Default, Clone)]
pub(crate) struct BinaryMediaTypes {
    everything: bool,
    types: Vec<(String, String)>,
}

impl BinaryMediaTypes {
    /// `image/png`, `image/*` and `*/*` are supported; a wildcard before a subtype matches nothing (recorded).
    pub(crate) fn new(types: impl IntoIterator<Item = String>) -> Self {
        let mut all = Self::default();
        for media_type in types {
            match essence(&media_type) {
                Some((kind, subtype)) if kind == "*" && subtype == "*" => all.everything = true,
                Some((kind, _)) if kind == "*" => {}
                Some(pair) => all.types.push(pair),
                None => {}
            }
        }
        all
    }

    /// Whether a `Content-Type` or `Accept` header names a binary type. Only the first entry of a list counts
    /// (recorded). With `*/*` everything is binary, also without the header (public reports; not recorded).
    pub(crate) fn matches(&self, header: Option<&str>) -> bool {
        if self.everything {
            return true;
        }
        let Some((kind, subtype)) = header.and_then(essence) else {
            return false;
        };
        self.types
            .iter()
            .any(|(k, s)| *k == kind && (*s == subtype || s == "*"))
    }
}

/// Type and subtype of the first entry, lower case, without parameters.
fn essence(header: &str) -> Option<(String, String)> {
    let (kind, subtype) = media_type(header)
        .split_once('/')
        .map(|(k, s)| (k.to_owned(), s.to_owned()))?;
    (!kind.is_empty() && !subtype.is_empty() && !subtype.contains('/')).then_some((kind, subtype))
}

/// The media type of the first entry of a header, lower case, without parameters: `Image/PNG;q=1, */*` is `image/png`.
pub(crate) fn media_type(header: &str) -> String {
    let first = header.split([',', ';']).next().unwrap_or_default();
    first.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(list: &[&str]) -> BinaryMediaTypes {
        BinaryMediaTypes::new(list.iter().map(|&t| t.to_owned()))
    }

    #[test]
    fn a_subtype_wildcard_matches_and_a_type_wildcard_does_not() {
        assert!(types(&["image/*"]).matches(Some("image/webp")));
        assert!(!types(&["*/test"]).matches(Some("random/test")));
        assert!(!types(&["*/test"]).matches(Some("*/test")));
        assert!(!types(&["image/png"]).matches(Some("image/*")));
    }

    #[test]
    fn case_and_parameters_do_not_count() {
        assert!(types(&["image/PNG"]).matches(Some("Image/png; q=0.5")));
        assert_eq!(
            media_type("application/JSON; charset=utf-8"),
            "application/json"
        );
    }

    #[test]
    fn everything_includes_no_header() {
        assert!(types(&["*/*"]).matches(None));
        assert!(!types(&["image/png"]).matches(None));
        assert!(!types(&[]).matches(Some("image/png")));
        assert!(!types(&["image"]).matches(Some("image")));
    }

    /// The rows were recorded with Lambda proxies, whose base64 responses are decoded if `Accept` matches.
    #[test]
    fn accept_matches_as_recorded() {
        let matrix: serde_json::Value =
            serde_json::from_str(include_str!("../tests/binary_matrix.json")).unwrap();
        let rows = matrix["accept_matching"].as_array().unwrap();
        assert_eq!(rows.len(), 19);
        for row in rows.iter().filter(|row| row["isBase64Encoded"] == true) {
            let list = row["binaryMediaTypes"].as_array().unwrap();
            let list: Vec<&str> = list.iter().map(|entry| entry.as_str().unwrap()).collect();
            // The one that returns 500 is not base64, and is only decoded because of a match.
            let decoded = row["client_gets"] == "decoded bytes" || row["client_status"] == 500;
            assert_eq!(
                types(&list).matches(row["accept"].as_str()),
                decoded,
                "{row}"
            );
        }
    }
}
