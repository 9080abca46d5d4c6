//! Authorize: the signature and the signer's permission, then the API key.

use crate::Settings;
use crate::authorizer::Authorizer;
use crate::gateway_error::GatewayError;
use crate::model::{Authorization, Method};
use crate::request::Request;
use crate::request_context::RequestContext;
use crate::steps::route::Routed;

/// The longest ARN that a policy's resource can name, in bytes ("Amazon API Gateway important notes"); a longer one
/// returns 414.
const MAX_ARN_BYTES: usize = 1600;

/// A request whose caller is authorized.
#[derive(Debug)]
pub(crate) struct Authorized<'a> {
    request: &'a Request,
    method: &'a Method,
    request_context: RequestContext,
}

impl<'a> Authorized<'a> {
    pub(super) fn method(&self) -> &'a Method {
        self.method
    }

    pub(super) fn request_context(&self) -> &RequestContext {
        &self.request_context
    }

    pub(super) fn into_parts(self) -> (&'a Request, &'a Method, RequestContext) {
        (self.request, self.method, self.request_context)
    }
}

/// Calls the authorizer as the method requires.
pub(crate) fn authorize<'a>(
    routed: Routed<'a>,
    settings: &Settings,
    authorizer: &dyn Authorizer,
) -> Result<Authorized<'a>, GatewayError> {
    let request = routed.request();
    let caller = match routed.method().authorization {
        Authorization::None => None,
        Authorization::AwsIam => {
            let arn = method_arn(settings, request);
            if arn.len() > MAX_ARN_BYTES {
                return Err(GatewayError::arn_too_long(arn.len()));
            }
            Some(authorizer.iam(request, &arn)?)
        }
    };
    let key = if routed.method().api_key_required {
        Some(authorizer.api_key(request.header("x-api-key"))?)
    } else {
        None
    };
    let (request, method, mut request_context) = routed.into_parts();
    request_context.identity(caller.as_ref(), key.as_ref());
    Ok(Authorized {
        request,
        method,
        request_context,
    })
}

/// The ARN that `execute-api:Invoke` is checked on, with the path as it was sent.
fn method_arn(settings: &Settings, request: &Request) -> String {
    let Settings {
        region,
        account_id,
        api_id,
        stage,
        ..
    } = settings;
    let path = request.path.trim_start_matches('/');
    let path = path.strip_prefix(stage.as_str()).unwrap_or(path);
    let path = path.trim_start_matches('/');
    format!(
        "arn:aws:execute-api:{region}:{account_id}:{api_id}/{stage}/{}/{path}",
        request.method
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorizer::AuthorizationError;
    use crate::steps::route::route;
    use crate::testing::{KeyRing, api, get, request_context};

    const PATHS: &str = "
  /open: {get: M}
  /signed/{key+}: {get: IAM}
  /keyed: {get: KEY}
";

    fn authorized(
        path: &str,
        key: Option<&str>,
        authorizer: &KeyRing,
    ) -> Result<RequestContext, GatewayError> {
        let api = api(PATHS);
        let mut request = get(path);
        if let Some(key) = key {
            request.headers.insert("x-api-key", key.parse().unwrap());
        }
        let request_context = request_context(&api, &request);
        let routed = route(&api, &request, request_context).unwrap();
        authorize(routed, &api.settings, authorizer).map(|authorized| authorized.request_context)
    }

    #[test]
    fn an_open_method_needs_no_credentials() {
        assert!(authorized("/v1/open", None, &KeyRing::closed()).is_ok());
    }

    #[test]
    fn a_signed_method_is_authorized_by_its_arn_and_knows_its_caller() {
        let request_context = authorized("/v1/signed/a%20b", None, &KeyRing::open()).unwrap();
        assert_eq!(
            request_context.context["identity"]["userArn"],
            "may arn:aws:execute-api:eu-west-1:123456789012:abc123/v1/GET/signed/a%20b"
        );
        let failure = authorized("/v1/signed/x", None, &KeyRing::closed()).unwrap_err();
        assert_eq!(failure.error_type, "MissingAuthenticationTokenException");
    }

    #[test]
    fn a_long_arn_is_414_under_iam_only() {
        let key = "a".repeat(1600);
        let failure = authorized(&format!("/v1/signed/{key}"), None, &KeyRing::open()).unwrap_err();
        assert_eq!(failure.status, http::StatusCode::URI_TOO_LONG);
        let fixed = "arn:aws:execute-api:eu-west-1:123456789012:abc123/v1/GET/signed/".len();
        let longest = "a".repeat(MAX_ARN_BYTES - fixed);
        assert!(authorized(&format!("/v1/signed/{longest}"), None, &KeyRing::open()).is_ok());
        assert!(authorized(&format!("/v1/signed/{longest}a"), None, &KeyRing::open()).is_err());
    }

    #[test]
    fn a_method_with_an_api_key_requires_it() {
        let request_context = authorized("/v1/keyed", Some("secret"), &KeyRing::open()).unwrap();
        assert_eq!(request_context.context["identity"]["apiKey"], "secret");
        let failure = authorized("/v1/keyed", None, &KeyRing::closed()).unwrap_err();
        assert_eq!(
            (failure.message.as_str(), failure.error_type),
            ("Forbidden", "ForbiddenException")
        );
        assert_eq!(
            GatewayError::from(AuthorizationError::Throttled)
                .status
                .as_u16(),
            429
        );
    }
}
