//! When to try again: the one loop, and what GitHub asks for.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

/// What GitHub asks for after a secondary rate limit that names no time.
///
/// Source: "Rate limits for the REST API" in GitHub's documentation.
const UNNAMED_LIMIT: Duration = Duration::from_mins(1);

/// How often to try, and how long to wait in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts including the first, at least 1.
    pub attempts: u32,
    /// How the waits grow.
    pub waits: Waits,
    /// Longest wait. When the server asks for a longer one, the call fails at once.
    pub longest_wait: Duration,
}

/// How the waits between attempts grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// The first one, doubled with each further failure; up to a quarter is added at random.
    Doubling(Duration),
    /// At random, up to the longest wait, so that writers do not collide again.
    Random,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 4,
            waits: Waits::Doubling(Duration::from_secs(1)),
            longest_wait: Duration::from_mins(1),
        }
    }
}

/// Why an attempt failed, and whether another one may succeed.
#[derive(Debug)]
pub(crate) struct Failure<E> {
    pub(crate) error: E,
    /// Whether it may pass.
    pub(crate) may_pass: bool,
    /// How long the server wants us to wait.
    pub(crate) asked: Option<Duration>,
}

impl<E> Failure<E> {
    /// Another attempt may succeed.
    pub(crate) const fn passing(error: E) -> Self {
        Self {
            error,
            may_pass: true,
            asked: None,
        }
    }

    /// Another attempt would fail like this one.
    pub(crate) const fn lasting(error: E) -> Self {
        Self {
            error,
            may_pass: false,
            asked: None,
        }
    }
}

impl Retry {
    /// Runs `attempt` until it succeeds, fails for good or has failed too often; the last error.
    pub(crate) async fn run<T, E, A>(&self, mut attempt: impl FnMut() -> A) -> Result<T, E>
    where
        A: Future<Output = Result<T, Failure<E>>>,
    {
        let mut failed = 0;
        loop {
            let failure = match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            failed += 1;
            match self.wait(failed, failure.asked, fastrand::f64()) {
                Some(wait) if failure.may_pass => tokio::time::sleep(wait).await,
                Some(_) | None => return Err(failure.error),
            }
        }
    }

    /// How long to wait after failure number `failed` (1 is the first); `None` to give up. `asked`
    /// is what the server asked for; `random`, 0 to 1, keeps parallel jobs from returning together.
    fn wait(&self, failed: u32, asked: Option<Duration>, random: f64) -> Option<Duration> {
        if failed >= self.attempts {
            return None;
        }
        if let Some(asked) = asked {
            return (asked <= self.longest_wait).then_some(asked);
        }
        let random = random.clamp(0.0, 1.0);
        Some(match self.waits {
            Waits::Doubling(first) => {
                let doublings = failed.saturating_sub(1).min(16);
                let wait = first.saturating_mul(1 << doublings);
                wait.min(self.longest_wait).mul_f64(1.0 + 0.25 * random)
            }
            Waits::Random => self.longest_wait.mul_f64(random),
        })
    }
}

/// How long GitHub asks to wait; `None` when the answer is not a rate limit.
///
/// Source: "Exceeding the rate limit" in GitHub's documentation: 403 or 429 with `retry-after`, or
/// with `x-ratelimit-remaining: 0` and the time in `x-ratelimit-reset`, or with only a message.
pub(super) fn rate_limit(
    status: StatusCode,
    headers: &HeaderMap,
    message: &str,
) -> Option<Duration> {
    if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    if let Some(seconds) = number(headers, "retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    if number(headers, "x-ratelimit-remaining") == Some(0) {
        return Some(until_reset(headers).unwrap_or(UNNAMED_LIMIT));
    }
    let named = message.to_lowercase().contains("rate limit");
    (named || status == StatusCode::TOO_MANY_REQUESTS).then_some(UNNAMED_LIMIT)
}

/// Time between the answer and the end of the limit, both by GitHub's clock.
fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let reset = i64::try_from(number(headers, "x-ratelimit-reset")?).ok()?;
    let reset = Timestamp::from_second(reset).ok()?;
    let date = headers.get("date")?.to_str().ok()?;
    let now = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(Duration::try_from(reset.duration_since(now)).unwrap_or_default())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn waits_double_up_to_the_longest_and_end_with_the_attempts() {
        let retry = Retry {
            attempts: 5,
            longest_wait: Duration::from_secs(3),
            ..Retry::default()
        };
        let waits: Vec<_> = (1..=5)
            .map(|failed| retry.wait(failed, None, 0.0))
            .collect();
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(
            waits,
            [seconds(1), seconds(2), seconds(3), seconds(3), None]
        );
        assert_eq!(retry.wait(1, None, 1.0), Some(Duration::from_millis(1250)));
    }

    #[test]
    fn a_wait_that_github_asks_for_is_kept_to_and_a_long_one_ends_the_attempts() {
        let retry = Retry::default();
        let asked = Duration::from_secs(7);
        assert_eq!(retry.wait(1, Some(asked), 1.0), Some(asked));
        assert_eq!(retry.wait(1, Some(Duration::from_mins(20)), 0.0), None);
    }

    #[test]
    fn random_waits_never_pass_the_longest_and_end_with_the_attempts() {
        let retry = Retry {
            attempts: 3,
            waits: Waits::Random,
            longest_wait: Duration::from_millis(800),
        };
        let waits = [0.0, 0.5, 1.0].map(|random| retry.wait(2, None, random));
        let millis = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [millis(0), millis(400), millis(800)]);
        assert_eq!(retry.wait(3, None, 0.0), None);
    }

    /// Attempts made and the result, where the n-th attempt does what `plan` says last.
    async fn attempts(
        plan: &[Result<(), Failure<&'static str>>],
    ) -> (usize, Result<(), &'static str>) {
        let retry = Retry {
            attempts: 3,
            waits: Waits::Doubling(Duration::ZERO),
            ..Retry::default()
        };
        let mut made = 0;
        let result = retry.run(|| {
            made += 1;
            std::future::ready(match &plan[made - 1] {
                Ok(()) => Ok(()),
                Err(failure) => Err(Failure { ..*failure }),
            })
        });
        let result = result.await;
        (made, result)
    }

    #[tokio::test]
    async fn the_loop_ends_with_success_a_lasting_failure_or_the_last_attempt() {
        let passing = || Err(Failure::passing("passing"));
        assert_eq!(attempts(&[Ok(())]).await, (1, Ok(())));
        assert_eq!(attempts(&[passing(), passing(), Ok(())]).await, (3, Ok(())));
        let lasting = Err(Failure::lasting("lasting"));
        assert_eq!(attempts(&[passing(), lasting]).await, (2, Err("lasting")));
        let never = [passing(), passing(), passing()];
        assert_eq!(attempts(&never).await, (3, Err("passing")));
        let too_long = Err(Failure {
            asked: Some(Duration::from_mins(20)),
            ..Failure::passing("later")
        });
        assert_eq!(attempts(&[too_long]).await, (1, Err("later")));
    }

    #[test]
    fn a_rate_limit_differs_from_a_missing_permission() {
        let forbidden = StatusCode::FORBIDDEN;
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(
            rate_limit(forbidden, &headers(&[("retry-after", "9")]), ""),
            seconds(9)
        );
        let reset = headers(&[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1395172900"),
            ("date", "Tue, 18 Mar 2014 20:01:11 GMT"),
        ]);
        assert_eq!(rate_limit(forbidden, &reset, ""), seconds(29));
        let without_date = headers(&[("x-ratelimit-remaining", "0")]);
        assert_eq!(rate_limit(forbidden, &without_date, ""), seconds(60));
        let words = "You have exceeded a secondary rate limit";
        assert_eq!(rate_limit(forbidden, &HeaderMap::new(), words), seconds(60));
        assert_eq!(
            rate_limit(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), ""),
            seconds(60)
        );
        let words = "Resource not accessible by integration";
        let left = headers(&[("x-ratelimit-remaining", "4000")]);
        assert_eq!(rate_limit(forbidden, &left, words), None);
        assert_eq!(rate_limit(StatusCode::BAD_GATEWAY, &reset, ""), None);
    }

    #[test]
    fn a_limit_that_is_over_already_asks_for_no_wait() {
        let past = headers(&[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1"),
            ("date", "Tue, 18 Mar 2014 20:01:11 GMT"),
        ]);
        assert_eq!(
            rate_limit(StatusCode::FORBIDDEN, &past, ""),
            Some(Duration::ZERO)
        );
    }
}
