//! The Python toolkit's `.pkl` files: a list of dicts of `InvokeEndpoint` arguments, written by
//! `pickle.dump`.
//!
//! A pickle is a program, so this reads data and refuses everything else: no name is looked up, no
//! object built, no function of the file's choice called. Memory is bounded by the file's size and
//! [`MAX_REPEATED_BYTES`].

mod machine;
mod reader;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde_json::{Map, Value as Json};

use self::machine::{Id, Pickled, Value, load};
use serde::Deserialize as _;

use super::arguments::{Arguments, Body, Refusal};
use super::{Position, Sample, SamplesError, check_size};
use crate::text::{json_error, quoted};

/// How many bytes more than the file the samples may have, because `[sample] * 1000` is written as
/// one sample and 999 references.
const MAX_REPEATED_BYTES: usize = 256 * 1024 * 1024;
/// What a member costs besides its text.
const MEMBER_BYTES: usize = 64;

/// Reads a list of dicts with the members of JSON Lines, where `Body` may be bytes.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Sample>, SamplesError> {
    let refused = |place, reason| SamplesError::Pickle {
        path: path.to_owned(),
        place,
        reason,
    };
    let pickled = load(bytes).map_err(|fault| refused(Position::Byte(fault.at), fault.reason))?;
    let root = pickled.value(pickled.root);
    let Value::List(items) = root else {
        let reason = format!("{} instead of a list of dicts", root.kind());
        return Err(refused(Position::Whole, reason));
    };
    let mut samples = Samples {
        pickled: &pickled,
        folder: path.parent().unwrap_or(Path::new("")),
        bytes_left: bytes.len().saturating_add(MAX_REPEATED_BYTES),
    };
    let sample = |(index, id): (usize, &Id)| {
        let place = Position::Sample(index + 1);
        let sample = samples.sample(*id);
        let sample = sample.map_err(|refusal| match refusal {
            Refusal::Reason(reason) => refused(place, reason),
            Refusal::File(error) => SamplesError::BodyFile {
                path: path.to_owned(),
                place,
                error: Box::new(error),
            },
        })?;
        check_size(&sample.body, path, place)?;
        Ok(sample)
    };
    items.iter().enumerate().map(sample).collect()
}

struct Samples<'a> {
    pickled: &'a Pickled<'a>,
    folder: &'a Path,
    bytes_left: usize,
}

impl Samples<'_> {
    fn sample(&mut self, id: Id) -> Result<Sample, Refusal> {
        self.spend(size_of::<Sample>())?;
        let pickled = self.pickled;
        let Value::Dict(members) = pickled.value(id) else {
            let kind = pickled.value(id).kind();
            return Err(format!("{kind} instead of a dict").into());
        };
        let mut body = None;
        let mut others = Map::new();
        let mut wrong = None;
        for (key, value) in members {
            let Value::Text(name) = pickled.value(*key) else {
                let kind = pickled.value(*key).kind();
                return Err(format!("the name of a member is {kind}, not a string").into());
            };
            self.spend(MEMBER_BYTES + name.len())?;
            if name == "Body" {
                body = Some(Body {
                    bytes: self.body(*value)?,
                    is_json: false,
                });
                continue;
            }
            let value = self.member(*value)?.unwrap_or_else(|kind| {
                wrong = Some(format!("{} is {kind}, not a string", quoted(name)));
                Json::Null
            });
            others.insert(name.clone().into_owned(), value);
        }
        // An unknown name comes first: what is its value's type to the reader?
        let others = Json::Object(others);
        let arguments = Arguments::deserialize(&others).map_err(|error| json_error(&error))?;
        match wrong {
            Some(reason) => Err(reason.into()),
            None => arguments.into_sample(body, self.folder),
        }
    }

    fn body(&mut self, id: Id) -> Result<Vec<u8>, String> {
        let pickled = self.pickled;
        match pickled.value(id) {
            Value::Bytes(bytes) => {
                self.spend(bytes.len())?;
                Ok(bytes.to_vec())
            }
            Value::Text(text) => {
                self.spend(text.len())?;
                Ok(text.as_bytes().to_vec())
            }
            Value::Latin1(text) => self.latin1(*text),
            other @ (Value::None | Value::List(_) | Value::Dict(_) | Value::Function(_)) => {
                Err(format!("Body is {}, not bytes or a string", other.kind()))
            }
        }
    }

    fn latin1(&mut self, id: Id) -> Result<Vec<u8>, String> {
        let pickled = self.pickled;
        let Value::Text(text) = pickled.value(id) else {
            return Err("Body is not text that can be encoded".to_owned());
        };
        self.spend(text.len())?;
        let bytes: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
        bytes.map_err(|_too_large| "Body: a character is not Latin-1".to_owned())
    }

    /// The string or `None` of a member, or the kind of what is there instead.
    fn member(&mut self, id: Id) -> Result<Result<Json, &'static str>, String> {
        let pickled = self.pickled;
        Ok(match pickled.value(id) {
            Value::None => Ok(Json::Null),
            Value::Text(text) => {
                self.spend(text.len())?;
                Ok(Json::String(text.clone().into_owned()))
            }
            other @ (Value::Bytes(_)
            | Value::Latin1(_)
            | Value::List(_)
            | Value::Dict(_)
            | Value::Function(_)) => Err(other.kind()),
        })
    }

    /// Counts what is copied out of the pickle.
    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or_else(|| {
            let limit = MAX_REPEATED_BYTES / 1024 / 1024;
            format!("the samples up to here repeat more than {limit} MB of the file")
        })?;
        Ok(())
    }
}
