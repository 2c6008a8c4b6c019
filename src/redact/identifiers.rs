//! What everybody may read names no AWS account and shows no credential, known or not.
//!
//! A number of twelve digits is an account only where something says so: an ARN, the host of an
//! image, the word before it, or AWS, which has named it in an answer. Others may be a date in the
//! name of a model.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use super::MASK;

/// Digits of an account.
const ACCOUNT: usize = 12;
/// Begin AWS's ids of access keys and of those who use them.
///
/// Source: IAM User Guide, "Understanding unique ID prefixes".
const KEYS: [&str; 10] = [
    "AKIA", "ASIA", "ABIA", "ACCA", "AROA", "AIDA", "AGPA", "AIPA", "ANPA", "ANVA",
];
/// Least characters of such an id.
const LEAST_KEY: usize = 16;
/// Begin GitHub's tokens.
///
/// Source: "About authentication to GitHub" in GitHub's documentation.
const TOKENS: [&str; 6] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];
/// Least characters behind the beginning of a token.
const LEAST_TOKEN: usize = 16;
/// Begin session tokens of AWS, in Base64.
const SESSIONS: [&str; 5] = [
    "IQoJb3JpZ2lu",
    "FwoGZXIvYXdz",
    "FQoGZXIvYXdz",
    "AgoJb3JpZ2lu",
    "AQoDYXdzE",
];
/// Least characters of one.
const LEAST_SESSION: usize = 32;
/// Bytes of a text in front of a number that may say what it is.
const CONTEXT: usize = 80;
/// Begins the line of a comment that is read again by the next run.
const MARKER: &str = "<!-- sagegate ";

/// Accounts that were named so far.
static NAMED: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// Remembers the accounts in a text of AWS's: every number of twelve digits is one there.
pub fn learn_accounts(text_of_aws: &str) {
    let shown = Shown::of(text_of_aws);
    let words = shown.numbers().filter(|it| shown.stands_alone(it));
    remember(words.filter_map(|it| shown.text.get(it)));
}

fn remember<'a>(accounts: impl Iterator<Item = &'a str>) {
    let accounts: BTreeSet<String> = accounts.map(str::to_owned).collect();
    let is_known = |known: &BTreeSet<String>| accounts.is_subset(known);
    if is_known(&NAMED.read().unwrap_or_else(PoisonError::into_inner)) {
        return;
    }
    let mut known = NAMED.write().unwrap_or_else(PoisonError::into_inner);
    known.extend(accounts);
}

/// `text` with [`MASK`] in place of accounts, ids of access keys and tokens. The hidden line of a
/// comment stays as it is: the next run finds the comment by it.
pub(super) fn without_identifiers(text: &str) -> Cow<'_, str> {
    let shown = Shown::of(text);
    let named = shown.numbers().filter(|it| shown.is_named_account(it));
    remember(named.filter_map(|it| shown.text.get(it)));
    let known = NAMED.read().unwrap_or_else(PoisonError::into_inner);
    without(text, &known)
}

/// [`without_identifiers`], with the accounts that are known.
fn without<'a>(text: &'a str, accounts: &BTreeSet<String>) -> Cow<'a, str> {
    let hidden = match text.strip_prefix(MARKER) {
        Some(_) => text.find('\n').unwrap_or(text.len()),
        None => 0,
    };
    let shown = Shown::of(text);
    let is_account = |it: &Range<usize>| {
        let is_known = shown
            .text
            .get(it.clone())
            .is_some_and(|it| accounts.contains(it));
        is_known || shown.is_named_account(it)
    };
    let mut found: Vec<Range<usize>> = shown.numbers().filter(is_account).collect();
    found.extend(shown.credentials());
    found.sort_by_key(|it| it.start);
    let mut out = String::new();
    let mut kept = 0;
    for range in found {
        let range = shown.in_original(&range);
        if range.start < hidden || range.start < kept {
            continue;
        }
        out.push_str(text.get(kept..range.start).unwrap_or_default());
        out.push_str(MASK);
        kept = range.end;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// A text as a reader sees it: without the backslashes of Markdown and the invisible joiners.
struct Shown {
    text: String,
    /// Where each of its bytes stands in the original.
    places: Vec<usize>,
    /// Bytes of the original.
    length: usize,
}

impl Shown {
    fn of(original: &str) -> Self {
        let mut shown = Self {
            text: String::with_capacity(original.len()),
            places: Vec::with_capacity(original.len()),
            length: original.len(),
        };
        let mut characters = original.char_indices().peekable();
        while let Some((place, c)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            let is_escape = c == '\\' && next.is_some_and(|it| it.is_ascii_punctuation());
            if is_escape || c == '\u{2060}' {
                continue;
            }
            shown.text.push(c);
            shown
                .places
                .extend((0..c.len_utf8()).map(|offset| place + offset));
        }
        shown
    }

    fn in_original(&self, range: &Range<usize>) -> Range<usize> {
        let place = |at: usize| self.places.get(at).copied();
        let start = place(range.start).unwrap_or(self.length);
        let last = range.end.checked_sub(1).and_then(place);
        start..last.map_or(start, |it| it + 1)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn before(&self, at: usize) -> Option<u8> {
        self.byte(at.checked_sub(1)?)
    }

    /// The end of the bytes from `at` on that fulfil a condition.
    fn end(&self, at: usize, is_part: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        at + rest.iter().take_while(|it| is_part(**it)).count()
    }

    /// Every number of twelve digits that no letter or digit touches.
    fn numbers(&self) -> impl Iterator<Item = Range<usize>> {
        let is_word = |it: Option<u8>| it.is_some_and(|it| it.is_ascii_alphanumeric());
        (0..self.text.len()).filter_map(move |at| {
            if !self.byte(at)?.is_ascii_digit() || is_word(self.before(at)) {
                return None;
            }
            let end = self.end(at, |it| it.is_ascii_digit());
            (end - at == ACCOUNT && !is_word(self.byte(end))).then_some(at..end)
        })
    }

    /// Whether a number is a word of its own, and no part of a name or of a larger number.
    fn stands_alone(&self, number: &Range<usize>) -> bool {
        let joins = |it: Option<u8>| it.is_some_and(|it| b"-_".contains(&it));
        let is_decimal = |it: Option<u8>, beyond: Option<u8>| {
            it.is_some_and(|it| b".,".contains(&it)) && beyond.is_some_and(|it| it.is_ascii_digit())
        };
        let (before, after) = (self.before(number.start), self.byte(number.end));
        let beyond = number.start.checked_sub(2).and_then(|it| self.byte(it));
        !joins(before)
            && !joins(after)
            && !is_decimal(before, beyond)
            && !is_decimal(after, self.byte(number.end + 1))
    }

    /// Whether what stands around a number says that it is an account.
    fn is_named_account(&self, number: &Range<usize>) -> bool {
        let mut start = number.start.saturating_sub(CONTEXT);
        while !self.text.is_char_boundary(start) {
            start += 1;
        }
        let before = self.text.get(start..number.start).unwrap_or_default();
        let after = self.text.get(number.end..).unwrap_or_default();
        is_in_arn(before) || is_after_the_word(before) || is_in_bucket(before) || is_host(after)
    }

    /// Ids of keys, and tokens.
    fn credentials(&self) -> impl Iterator<Item = Range<usize>> {
        (0..self.text.len()).filter_map(|at| {
            let is_inside = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
            if self.before(at).is_some_and(is_inside) {
                return None;
            }
            let rest = self.text.get(at..)?;
            let begins = |list: &[&str]| {
                list.iter()
                    .find(|it| rest.starts_with(**it))
                    .map(|it| it.len())
            };
            let long_enough = |end: usize, least: usize| (end - at >= least).then_some(at..end);
            if begins(&KEYS).is_some() {
                let end = self.end(at, |it| it.is_ascii_uppercase() || it.is_ascii_digit());
                return long_enough(end, LEAST_KEY);
            }
            if let Some(prefix) = begins(&TOKENS) {
                let end = self.end(at, is_inside);
                return long_enough(end, prefix + LEAST_TOKEN);
            }
            if begins(&SESSIONS).is_some() {
                let end = self.end(at, |it| {
                    it.is_ascii_alphanumeric() || b"+/=%_-".contains(&it)
                });
                return long_enough(end, LEAST_SESSION);
            }
            self.signed_token(at)
        })
    }

    /// A signed token of three parts in Base64, the first two of which are JSON.
    fn signed_token(&self, at: usize) -> Option<Range<usize>> {
        let is_part = |it: u8| it.is_ascii_alphanumeric() || b"_-".contains(&it);
        let mut end = at;
        for begins in ["eyJ", ".eyJ", "."] {
            if !self.text.get(end..)?.starts_with(begins) {
                return None;
            }
            end = self.end(end + begins.len(), is_part);
        }
        Some(at..end)
    }
}

/// `arn:aws:iam::` and the like: partition, service and region, then the account.
fn is_in_arn(before: &str) -> bool {
    let Some((_, fields)) = before.rsplit_once("arn:") else {
        return false;
    };
    let is_field = |it: &str| {
        it.bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    let fields: Vec<&str> = fields.split(':').collect();
    matches!(fields.as_slice(), [partition, service, region, ""]
        if [partition, service, region].into_iter().all(|it| is_field(it)))
}

/// `account 123456789012`, `Account ID: 123456789012`, `accounts/123456789012`.
fn is_after_the_word(before: &str) -> bool {
    let before = before.trim_end_matches([' ', ':', '=', '/', '`', '\'', '"', '(', '*', '\u{a0}']);
    let before = before.to_ascii_lowercase();
    [
        "account",
        "accounts",
        "account id",
        "accountid",
        "account_id",
        "account-id",
        "account number",
    ]
    .iter()
    .any(|word| before.ends_with(word))
}

/// `sagemaker-eu-west-1-123456789012`: the bucket that AWS's SDK for Python makes.
fn is_in_bucket(before: &str) -> bool {
    let Some((_, region)) = before.rsplit_once("sagemaker-") else {
        return false;
    };
    let is_region = |it: &str| {
        it.bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    region
        .strip_suffix('-')
        .is_some_and(|it| it.contains('-') && is_region(it))
}

/// `123456789012.dkr.ecr.…`, and the first part of a page of AWS's console.
fn is_host(after: &str) -> bool {
    let console = after.strip_prefix('-').and_then(|it| it.split_once('.'));
    let is_console = |(session, rest): (&str, &str)| {
        let is_session = session.bytes().all(|it| it.is_ascii_alphanumeric());
        let host = rest.split(['/', ' ', '"', ')']).next().unwrap_or_default();
        is_session && host.contains("console.aws")
    };
    [".dkr.ecr", ".dkr-ecr", ".signin.aws"]
        .iter()
        .any(|it| after.starts_with(it))
        || console.is_some_and(is_console)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        without(text, &BTreeSet::new()).into_owned()
    }

    #[test]
    fn accounts_are_hidden_where_something_says_that_they_are() {
        for (text, expected) in [
            (
                "User: arn:aws:sts::123456789012:assumed-role/gate/run is not authorized",
                "User: arn:aws:sts::***:assumed-role/gate/run is not authorized",
            ),
            (
                "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:endpoint/x",
                "arn:aws-us-gov:sagemaker:us-gov-west-1:***:endpoint/x",
            ),
            // As Markdown has it.
            (
                "arn:aws:iam:\u{2060}:123456789012:role/a\\_b",
                "arn:aws:iam:\u{2060}:***:role/a\\_b",
            ),
            (
                "#logEventViewer:group=/aws/sagemaker/Endpoints/x in account 123456789012 for more",
                "#logEventViewer:group=/aws/sagemaker/Endpoints/x in account *** for more",
            ),
            ("Account ID: `123456789012`", "Account ID: `***`"),
            (
                "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1",
                "***.dkr.ecr.us-east-1.amazonaws.com/image:1",
            ),
            (
                "https://123456789012-ab12cd34.us-east-1.console.aws.amazon.com/cloudwatch/home",
                "https://***-ab12cd34.us-east-1.console.aws.amazon.com/cloudwatch/home",
            ),
            (
                "s3://sagemaker-eu-west-1-123456789012/churn/model.tar.gz",
                "s3://sagemaker-eu-west-1-***/churn/model.tar.gz",
            ),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "churn-202611221012 at 2048 MB",
            "| 123456789012 | $0.449 | 1,234,567 |",
            "https://github.com/acme/churn/actions/runs/123456789012/attempts/1",
            "1234567890123 123456789.012 0x123456789012",
            "arn:aws:s3:::bucket/123456789012",
            "accounting 202611221012",
            "<!-- sagegate key=gate/arn%3Aaws%3Aiam::123456789012:role sha=x -->\n\nrest",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn an_account_that_is_named_once_is_hidden_everywhere_but_in_the_hidden_line() {
        let known = BTreeSet::from(["123456789012".to_owned()]);
        let text = "<!-- sagegate key=churn-123456789012 -->\n\nchurn-123456789012: 123456789012, 1234567890123";
        assert_eq!(
            without(text, &known),
            "<!-- sagegate key=churn-123456789012 -->\n\nchurn-***: ***, 1234567890123"
        );
        learn_accounts("The role 999999999999 has model-888888888888 and 7.777777777777");
        assert_eq!(
            without_identifiers("a-999999999999 a-888888888888 777777777777"),
            "a-*** a-888888888888 777777777777"
        );
    }

    #[test]
    fn keys_and_tokens_are_hidden_whole() {
        let session = format!("IQoJb3JpZ2luX2Vj{}", "aB+/".repeat(20));
        for (text, expected) in [
            ("key AKIAIOSFODNN7EXAMPLE.", "key ***."),
            (
                "ASIAIOSFODNN7EXAMPLE:AROAIOSFODNN7EXAMPLE:run",
                "***:***:run",
            ),
            (
                "token ghs_0123456789abcdefABCDEF0123456789abcd!",
                "token ***!",
            ),
            ("ghp\\_0123456789abcdefABCDEF0123456789abcd", "***"),
            ("github_pat_11ABCDEFG0123456789_abcdefghijklmnop", "***"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_ end", "*** end"),
            (&format!("token={session}&x=1"), "token=***&x=1"),
        ] {
            assert_eq!(masked(text), expected);
        }
        for text in [
            "AKIASHORT",
            "ghs_short",
            "MYAKIAIOSFODNN7EXAMPLE",
            "eyJonly.one",
            "AKIAiosfodnn7example",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
