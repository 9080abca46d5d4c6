//! `x-amazon-apigateway-gateway-responses`.

use cfn::{Error, Node};
use http::StatusCode;

use super::fields::{Fields, at, status, texts};
use crate::gateway_response::{Customised, ErrorTemplate, GatewayResponses, variable};
use crate::mapping::{RequestSource, header_name};
use crate::media_types::media_type;
use crate::response_type::ResponseType;

/// Reads the customised gateway responses.
pub(super) fn read(node: &Node) -> Result<GatewayResponses, Error> {
    let mut all = GatewayResponses::default();
    for (name, span, node) in node
        .as_map()
        .ok_or_else(|| Error::new(node.span, "must be a map"))?
    {
        let kind = ResponseType::named(name)
            .ok_or_else(|| at(*span, "is not a gateway response type".to_owned(), name))?;
        all.customise(kind, customised(node).map_err(|error| error.within(name))?);
    }
    Ok(all)
}

fn customised(node: &Node) -> Result<Customised, Error> {
    let mut fields = Fields::of(node)?;
    let mut customised = Customised::default();
    if let Some(node) = fields.take("statusCode") {
        let code = status(node).map_err(|error| error.within("statusCode"))?;
        customised.status = StatusCode::from_u16(code).ok();
    }
    if let Some(node) = fields.take("responseParameters") {
        for (key, span, expression) in
            texts(node).map_err(|error| error.within("responseParameters"))?
        {
            let header = header(key, &expression)
                .map_err(|message| at(span, message, key).within("responseParameters"))?;
            customised.headers.push(header);
        }
    }
    if let Some(node) = fields.take("responseTemplates") {
        for (name, span, template) in
            texts(node).map_err(|error| error.within("responseTemplates"))?
        {
            let template = ErrorTemplate::parse(&template)
                .map_err(|message| at(span, message, name).within("responseTemplates"))?;
            customised.templates.push((media_type(name), template));
        }
    }
    fields.finish()?;
    Ok(customised)
}

fn header(key: &str, expression: &str) -> Result<(http::HeaderName, RequestSource), String> {
    let name = key
        .strip_prefix("gatewayresponse.header.")
        .ok_or("is not a part of a gateway response that can be mapped")?;
    Ok((header_name(name)?, variable(expression)?))
}
