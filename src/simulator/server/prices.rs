//! Files of AWS's price list, which need no signature.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use futures_util::{StreamExt as _, stream};

use super::Service;
use super::called::{Called, called};
use crate::simulator::operations::Operation;
use crate::simulator::prices::PriceListFile;
use crate::simulator::wire::aws_json;

const MEGABYTE: &[u8] = &[b' '; 1 << 20];

/// Sends a file, unless the scenario has a fault for it.
pub(super) async fn respond(
    service: &Service,
    file: PriceListFile,
    request_id: &str,
) -> Response<Body> {
    let (operation, about) = match file {
        PriceListFile::Index => (Operation::GetPriceListIndex, ""),
        PriceListFile::Offer(region) => (Operation::GetPriceListFile, region),
    };
    let called: Called<String> = {
        let injected = service.account().injected(operation, about);
        called(injected, || Ok(service.price_list.text(file)))
    };
    service.remember(operation.name(), None, &called);
    let padding = match file {
        PriceListFile::Index => 0,
        PriceListFile::Offer(_) => service.price_list.padding_mb,
    };
    let respond = |answer| match answer {
        Ok(text) => Response::new(padded(text, padding)),
        Err(error) => aws_json::respond(Err(error), &HeaderMap::new(), request_id),
    };
    called.respond(respond).await
}

/// The text, and megabytes of blanks behind it.
fn padded(text: String, megabytes: u32) -> Body {
    if megabytes == 0 {
        return Body::from(text);
    }
    let text = stream::iter([Bytes::from(text)]);
    let blanks = stream::iter((0..megabytes).map(|_| Bytes::from_static(MEGABYTE)));
    Body::from_stream(text.chain(blanks).map(Ok::<_, Infallible>))
}
