//! The stack machine of pickles, reduced to the opcodes that Python writes for lists of dicts of
//! text and bytes.
//!
//! It builds values in a table and refers to them by number. So nothing is copied, a reference to
//! an earlier value costs as much as its opcode, a list may contain itself, and neither building
//! nor dropping recurses. Three functions are known by name because protocols 0 to 4 write bytes
//! and bytearrays as calls of them; they are carried out here, and every other name is refused.
//!
//! Source: `Lib/pickletools.py` of `CPython`, which documents the opcodes of protocols 0 to 5.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::reader::{Reader, unescape};
use crate::text::quoted;

/// Number of a value in [`Pickled`].
pub(super) type Id = usize;

/// Most opcodes of a file. A sample takes about 20, and each may cost some 70 bytes of memory.
const MAX_OPCODES: usize = 5_000_000;
const NEWEST_PROTOCOL: u8 = 5;

/// A value of a pickle.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// `None`.
    None,
    /// `str`.
    Text(Cow<'a, str>),
    /// `bytes` or `bytearray`.
    Bytes(&'a [u8]),
    /// Bytes as protocols 0 to 2 write them: a [`Text`](Self::Text) each of whose characters stands
    /// for a byte.
    Latin1(Id),
    /// `list` or `tuple`.
    List(Vec<Id>),
    /// `dict`, in the order written; a later key replaces an earlier one.
    Dict(Vec<(Id, Id)>),
    /// A function that makes bytes.
    Function(Function),
}

impl Value<'_> {
    /// The value in words, for messages.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Text(_) => "a string",
            Self::Bytes(_) | Self::Latin1(_) => "bytes",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
            Self::Function(_) => "a function",
        }
    }
}

/// The functions with which bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// `_codecs.encode(text, "latin1")`.
    Encode,
    /// `bytes()` and `bytearray(…)`.
    Bytes,
}

/// What a pickle holds.
pub(super) struct Pickled<'a> {
    values: Vec<Value<'a>>,
    /// The value that `pickle.load` would return.
    pub(super) root: Id,
}

impl<'a> Pickled<'a> {
    /// A value by the number that the root or a value inside it has.
    pub(super) fn value(&self, id: Id) -> &Value<'a> {
        self.values.get(id).unwrap_or(&Value::None)
    }
}

/// Why a pickle cannot be read.
pub(super) struct Fault {
    /// Offset of the opcode.
    pub(super) at: usize,
    /// What is wrong with it.
    pub(super) reason: String,
}

/// Reads a pickle of protocol 0 to 5.
pub(super) fn load(bytes: &[u8]) -> Result<Pickled<'_>, Fault> {
    let mut machine = Machine {
        reader: Reader::new(bytes),
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
    };
    for _ in 0..MAX_OPCODES {
        let at = machine.reader.position();
        let fault = |reason| Fault { at, reason };
        let opcode = machine.reader.byte().map_err(fault)?;
        if opcode == b'.' {
            let root = machine.finish().map_err(fault)?;
            let values = machine.values;
            return Ok(Pickled { values, root });
        }
        machine.step(opcode).map_err(fault)?;
    }
    let reason = format!("more than {MAX_OPCODES} opcodes: too many samples for a pickle");
    let at = machine.reader.position();
    Err(Fault { at, reason })
}

struct Machine<'a> {
    reader: Reader<'a>,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack at the marks that are open.
    marks: Vec<usize>,
    memo: BTreeMap<u64, Id>,
}

type Step = Result<(), String>;

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8) -> Step {
        match opcode {
            0x80 => self.protocol()?,
            // Length of a frame: how much a streaming reader may fetch at once.
            0x95 => drop(self.reader.number(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Value::None),
            b'V' => {
                let line = self.reader.line()?;
                self.push(Value::Text(Cow::Owned(unescape(line)?)));
            }
            0x8c => self.text(1)?,
            b'X' => self.text(4)?,
            0x8d => self.text(8)?,
            b'C' => self.bytes(1)?,
            b'B' => self.bytes(4)?,
            0x8e | 0x96 => self.bytes(8)?,
            b']' | b')' | b'l' | b't' | 0x85..=0x87 => self.list(opcode)?,
            b'}' | b'd' => self.dict(opcode)?,
            b'a' | b'e' => self.append(opcode)?,
            b's' | b'u' => self.set(opcode)?,
            b'p' | b'q' | b'r' | 0x94 => self.memoize(opcode)?,
            b'g' | b'h' | b'j' => self.recall(opcode)?,
            b'c' | 0x93 => self.function(opcode)?,
            b'R' => self.call()?,
            other => return Err(refused(other)),
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Id, String> {
        match (self.stack.as_slice(), self.reader.left()) {
            ([root], 0) if self.marks.is_empty() => Ok(*root),
            ([_], left) if left > 0 => Err(format!(
                "{left} bytes follow the end: a file is one `pickle.dump`"
            )),
            _ => Err("the end comes before everything is put together".to_owned()),
        }
    }

    fn protocol(&mut self) -> Step {
        let protocol = self.reader.byte()?;
        if protocol > NEWEST_PROTOCOL {
            return Err(format!(
                "protocol {protocol} is newer than {NEWEST_PROTOCOL}"
            ));
        }
        Ok(())
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id, String> {
        let lowest = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= lowest {
            return Err(TOO_FEW.to_owned());
        }
        self.stack.pop().ok_or_else(|| TOO_FEW.to_owned())
    }

    /// The values above the last mark, which is closed.
    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or("no mark is set")?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn text(&mut self, length_bytes: usize) -> Step {
        let bytes = self.reader.counted(length_bytes)?;
        let text = std::str::from_utf8(bytes)
            .map_err(|error| format!("a string that is not UTF-8: {error}"))?;
        self.push(Value::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn bytes(&mut self, length_bytes: usize) -> Step {
        let bytes = self.reader.counted(length_bytes)?;
        self.push(Value::Bytes(bytes));
        Ok(())
    }

    fn list(&mut self, opcode: u8) -> Step {
        let items = match opcode {
            b']' | b')' => Vec::new(),
            b'l' | b't' => self.pop_to_mark()?,
            // TUPLE1, TUPLE2 and TUPLE3.
            _ => {
                let mut items = Vec::new();
                for _ in 0x85..=opcode {
                    items.push(self.pop()?);
                }
                items.reverse();
                items
            }
        };
        self.push(Value::List(items));
        Ok(())
    }

    fn dict(&mut self, opcode: u8) -> Step {
        let items = if opcode == b'd' {
            pairs(&self.pop_to_mark()?)?
        } else {
            Vec::new()
        };
        self.push(Value::Dict(items));
        Ok(())
    }

    fn append(&mut self, opcode: u8) -> Step {
        let items = if opcode == b'e' {
            self.pop_to_mark()?
        } else {
            vec![self.pop()?]
        };
        let top = self.top()?;
        let Value::List(list) = top else {
            return Err(format!("{} is appended to", top.kind()));
        };
        list.extend(items);
        Ok(())
    }

    fn set(&mut self, opcode: u8) -> Step {
        let items = if opcode == b'u' {
            self.pop_to_mark()?
        } else {
            let value = self.pop()?;
            vec![self.pop()?, value]
        };
        let top = self.top()?;
        let Value::Dict(dict) = top else {
            return Err(format!("items are set in {}", top.kind()));
        };
        dict.extend(pairs(&items)?);
        Ok(())
    }

    fn top(&mut self) -> Result<&mut Value<'a>, String> {
        let id = self.pop()?;
        self.stack.push(id);
        self.values.get_mut(id).ok_or_else(|| TOO_FEW.to_owned())
    }

    fn memoize(&mut self, opcode: u8) -> Step {
        let slot = match opcode {
            b'p' => self.reader.decimal()?,
            b'q' => self.reader.number(1)?,
            b'r' => self.reader.number(4)?,
            _ => self.memo.len() as u64,
        };
        let id = self.pop()?;
        self.stack.push(id);
        self.memo.insert(slot, id);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Step {
        let slot = match opcode {
            b'g' => self.reader.decimal()?,
            b'h' => self.reader.number(1)?,
            _ => self.reader.number(4)?,
        };
        let id = self.memo.get(&slot);
        let id = id.ok_or_else(|| format!("nothing is remembered as {slot}"))?;
        self.stack.push(*id);
        Ok(())
    }

    fn function(&mut self, opcode: u8) -> Step {
        let name = if opcode == b'c' {
            let module = String::from_utf8_lossy(self.reader.line()?);
            format!("{module}.{}", String::from_utf8_lossy(self.reader.line()?))
        } else {
            let name = self.pop()?;
            let module = self.pop()?;
            match (self.values.get(module), self.values.get(name)) {
                (Some(Value::Text(module)), Some(Value::Text(name))) => format!("{module}.{name}"),
                _ => return Err("a function's name is not a string".to_owned()),
            }
        };
        let function = match name.as_str() {
            "_codecs.encode" => Function::Encode,
            "builtins.bytes"
            | "builtins.bytearray"
            | "__builtin__.bytes"
            | "__builtin__.bytearray" => Function::Bytes,
            _ => return Err(refused_name(opcode, &name)),
        };
        self.push(Value::Function(function));
        Ok(())
    }

    fn call(&mut self) -> Step {
        let arguments = self.pop()?;
        let function = self.pop()?;
        let (Some(Value::Function(function)), Some(Value::List(arguments))) =
            (self.values.get(function), self.values.get(arguments))
        else {
            return Err("a call that makes no bytes".to_owned());
        };
        match (function, arguments.as_slice()) {
            (Function::Bytes, []) => self.push(Value::Bytes(&[])),
            (Function::Bytes, [bytes]) if self.is_bytes(*bytes) => self.stack.push(*bytes),
            (Function::Encode | Function::Bytes, [text, encoding])
                if self.is_latin1(*text, *encoding) =>
            {
                let text = *text;
                self.push(Value::Latin1(text));
            }
            _ => return Err("a call whose arguments make no bytes".to_owned()),
        }
        Ok(())
    }

    fn is_bytes(&self, id: Id) -> bool {
        matches!(
            self.values.get(id),
            Some(Value::Bytes(_) | Value::Latin1(_))
        )
    }

    fn is_latin1(&self, text: Id, encoding: Id) -> bool {
        let (text, encoding) = (self.values.get(text), self.values.get(encoding));
        matches!(text, Some(Value::Text(_)))
            && matches!(encoding, Some(Value::Text(name)) if matches!(name.as_ref(), "latin1" | "latin-1"))
    }
}

const TOO_FEW: &str = "there are fewer values than the opcode takes";

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, String> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("a dict's key has no value".to_owned());
    }
    Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
}

fn named(opcode: u8) -> String {
    let letter = char::from(opcode);
    if letter.is_ascii_graphic() {
        format!("opcode `{letter}` (0x{opcode:02x})")
    } else {
        format!("opcode 0x{opcode:02x}")
    }
}

fn refused(opcode: u8) -> String {
    let what = match opcode {
        b'F' | b'G' | b'I' | b'J' | b'K' | b'L' | b'M' | 0x8a | 0x8b => "a number",
        b'S' | b'T' | b'U' => "a string of Python 2",
        b'b' | b'i' | b'o' | 0x81 | 0x92 => "an object",
        0x88 | 0x89 => "a boolean",
        _ => "something else",
    };
    format!(
        "{} writes {what}; only text, bytes, lists and dicts are read",
        named(opcode)
    )
}

fn refused_name(opcode: u8, name: &str) -> String {
    let name = quoted(name);
    format!(
        "{} names `{name}`; nothing is called but what makes bytes (_codecs.encode, bytes, bytearray)",
        named(opcode)
    )
}
