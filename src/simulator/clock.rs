//! PURE: AWS's clock as callers see it, by which their requests must be signed.

use axum::http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde::Deserialize;

use super::validate::ApiError;
use super::wire::header;

/// How far a signature may be from the clock, seconds: AWS's message names the five minutes.
const TOLERANCE_S: f64 = 300.0;
/// The same of S3: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
/// `RequestTimeTooSkewed`.
const TOLERANCE_OF_S3_S: f64 = 900.0;

/// How AWS's clock differs from this machine's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Clock {
    /// Ahead of this machine's clock; behind it when negative.
    pub(super) offset_seconds: f64,
    /// Signed requests that come before the offset.
    pub(super) after_requests: u64,
}

impl Clock {
    /// What the clock shows when `earlier` signed requests have come; both in seconds since the
    /// Unix epoch.
    pub(super) fn at(self, machine: f64, earlier: u64) -> f64 {
        if earlier < self.after_requests {
            machine
        } else {
            machine + self.offset_seconds
        }
    }
}

/// Refuses what was signed too early or too late by a clock that shows `now`.
pub(super) fn refusal(service: &str, headers: &HeaderMap, now: f64) -> Option<ApiError> {
    let signed = header(headers, "x-amz-date")?.parse::<Timestamp>().ok()?;
    let tolerance = if service == "s3" {
        TOLERANCE_OF_S3_S
    } else {
        TOLERANCE_S
    };
    let early = signed.as_duration().as_secs_f64() - now;
    if early.abs() <= tolerance {
        return None;
    }
    let (said, edge, sign) = if early < 0.0 {
        ("expired: {} is now earlier than", now - tolerance, '-')
    } else {
        (
            "not yet current: {} is still later than",
            now + tolerance,
            '+',
        )
    };
    let message = format!(
        "Signature {} {} ({} {sign} {} min.)",
        said.replace("{}", &amz_date(signed)),
        amz_date(timestamp(edge)),
        amz_date(timestamp(now)),
        tolerance / 60.0
    );
    Some(ApiError::new(400, "InvalidSignatureException", message))
}

/// The header `Date` of an answer.
pub(super) fn date(now: f64) -> Option<HeaderValue> {
    let text = timestamp(now).strftime("%a, %d %b %Y %H:%M:%S GMT");
    HeaderValue::try_from(text.to_string()).ok()
}

fn amz_date(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// To the second, as signatures and headers have it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the fraction is dropped; what is beyond the calendar becomes its end"
)]
fn timestamp(seconds: f64) -> Timestamp {
    Timestamp::from_second(seconds as i64).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 10:00:00 UTC.
    const NOW: f64 = 1_795_428_000.0;

    fn signed(at: &str) -> HeaderMap {
        HeaderMap::from_iter([("x-amz-date".parse().unwrap(), at.parse().unwrap())])
    }

    #[test]
    fn what_was_signed_too_early_or_too_late_is_refused_in_the_words_of_aws() {
        let said = |service, at| refusal(service, &signed(at), NOW)?.message;
        assert_eq!(said("sagemaker", "20261123T095501Z"), None);
        assert_eq!(said("sagemaker", "20261123T100459Z"), None);
        assert_eq!(
            said("sagemaker", "20261123T070000Z").unwrap(),
            "Signature expired: 20261123T070000Z is now earlier than 20261123T095500Z (20261123T100000Z - 5 min.)"
        );
        assert_eq!(
            said("monitoring", "20261123T101000Z").unwrap(),
            "Signature not yet current: 20261123T101000Z is still later than 20261123T100500Z (20261123T100000Z + 5 min.)"
        );
        assert_eq!(said("s3", "20261123T101000Z"), None);
        assert!(said("s3", "20261123T103000Z").is_some());
        assert_eq!(refusal("sagemaker", &HeaderMap::new(), NOW), None);
    }

    #[test]
    fn the_offset_begins_after_so_many_requests() {
        let clock = Clock {
            offset_seconds: 60.0,
            after_requests: 2,
        };
        let shown = [0, 1, 2, 3].map(|earlier| clock.at(NOW, earlier) - NOW);
        assert!(
            shown
                .iter()
                .zip([0.0, 0.0, 60.0, 60.0])
                .all(|(a, b)| (a - b).abs() < 1e-6)
        );
        assert_eq!(date(NOW).unwrap(), "Mon, 23 Nov 2026 10:00:00 GMT");
    }
}
