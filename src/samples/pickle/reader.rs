//! The bytes of a pickle, front to back.

/// Position in the bytes. Every method fails in words when the bytes do not suffice, and allocates
/// nothing.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// At the first byte.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// Number of bytes not yet read.
    pub(super) const fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, String> {
        let byte = self.bytes.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte.ok_or_else(|| "the file ends before the pickle does".to_owned())
    }

    /// An unsigned number of `width` bytes (at most 8), the lowest first.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, String> {
        let bytes = self.take(width as u64)?.iter().rev();
        Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// As many bytes as the number of `width` bytes in front of them says.
    pub(super) fn counted(&mut self, width: usize) -> Result<&'a [u8], String> {
        let count = self.number(width)?;
        self.take(count)
    }

    /// The bytes up to a line feed, which is skipped.
    pub(super) fn line(&mut self) -> Result<&'a [u8], String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or("the file ends in the middle of a line")?;
        let line = self.take(end as u64)?;
        self.at += 1;
        Ok(line)
    }

    /// A number in decimal digits on its own line.
    pub(super) fn decimal(&mut self) -> Result<u64, String> {
        let line = std::str::from_utf8(self.line()?).ok();
        line.and_then(|digits| digits.parse().ok())
            .ok_or_else(|| "a line that is not a number".to_owned())
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], String> {
        let end = usize::try_from(count)
            .ok()
            .and_then(|count| self.at.checked_add(count));
        let bytes = end.and_then(|end| self.bytes.get(self.at..end));
        let bytes = bytes
            .ok_or_else(|| format!("{count} bytes are announced, {} are left", self.left()))?;
        self.at += bytes.len();
        Ok(bytes)
    }
}

/// Text in Python's `raw-unicode-escape`: a byte is a character of Latin-1, `\u` starts four
/// hexadecimal digits and `\U` eight.
pub(super) fn unescape(line: &[u8]) -> Result<String, String> {
    let mut text = String::with_capacity(line.len());
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        let escaped = if byte == b'\\' { bytes.next() } else { None };
        match escaped {
            Some(b'u') => text.push(hexadecimal(bytes.by_ref().take(4), 4)?),
            Some(b'U') => text.push(hexadecimal(bytes.by_ref().take(8), 8)?),
            Some(other) => text.extend([char::from(byte), char::from(other)]),
            None => text.push(char::from(byte)),
        }
    }
    Ok(text)
}

fn hexadecimal(bytes: impl Iterator<Item = u8>, digits: usize) -> Result<char, String> {
    let values: Option<Vec<u32>> = bytes.map(|byte| char::from(byte).to_digit(16)).collect();
    values
        .filter(|values| values.len() == digits)
        .map(|values| values.iter().fold(0, |code, digit| code << 4 | digit))
        .and_then(char::from_u32)
        .ok_or_else(|| "an escape that stands for no character".to_owned())
}
