//! The gallery page: one object, whatever a client sends.

use api_gateway::Service;
use http::Method;

use crate::draw::Draw;
use crate::exchange::{World, same};
use crate::lists::{BUSY, FAILED, get};
use crate::objects::xml;

const NO_PAGE: &str = "this stack has no gallery page";

/// What a client gets when S3 returns an error.
pub fn refused(world: &World, draw: &Draw) -> Result<(), String> {
    for (status, code, (expected, message)) in [
        (403, "AccessDenied", (404, NO_PAGE)),
        (404, "NoSuchKey", (404, NO_PAGE)),
        (403, "SignatureDoesNotMatch", (502, FAILED)),
        (404, "NoSuchBucket", (502, FAILED)),
        (500, "InternalError", (502, FAILED)),
        (503, "ServiceUnavailable", (503, BUSY)),
        (503, "SlowDown", (503, BUSY)),
    ] {
        let exchange = world.play(&get("", draw, &[]), &xml(status, code, draw));
        let (role, target) = exchange.call()?;
        same("the role", &role, &world.shipped.role("ApiGalleryRole"))?;
        same("the service", &target.service, &Service::S3)?;
        same("the method", &target.method, &Method::GET)?;
        same("the query", &target.query.as_str(), &"")?;
        same("the headers", &target.headers.len(), &0)?;
        let page = "/contact-sheet-artifacts-111122223333-eu-central-1/gallery-none";
        same("the object", &target.path.as_str(), &page)?;
        exchange.refused(expected, message)?;
    }
    Ok(())
}
