//! The words and marks of a Rust source: comments, strings, characters and lifetimes are left out.

/// A word, a number, `::` or one other mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// From 1.
    pub(super) line: usize,
}

impl Token {
    pub(super) fn is_word(&self) -> bool {
        self.text.starts_with(is_word_start)
    }
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader {
        rest: source,
        line: 1,
        tokens: Vec::new(),
    };
    while let Some(next) = reader.rest.chars().next() {
        reader.read(next);
    }
    reader.tokens
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn read(&mut self, next: char) {
        if self.rest.starts_with("//") {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.skip_block_comment();
        } else if next == '"' {
            self.skip_string();
        } else if next == '\'' {
            self.skip_quote();
        } else if is_word_start(next) {
            self.word();
        } else if next.is_ascii_digit() {
            self.push(self.length_of(is_word_part));
        } else if self.rest.starts_with("::") {
            self.push(2);
        } else if next.is_whitespace() {
            self.skip(next.len_utf8());
        } else {
            self.push(next.len_utf8());
        }
    }

    fn length_of(&self, belongs: fn(char) -> bool) -> usize {
        self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len())
    }

    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at(bytes);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }

    fn push(&mut self, bytes: usize) {
        self.tokens.push(Token {
            text: self.rest[..bytes].to_owned(),
            line: self.line,
        });
        self.skip(bytes);
    }

    /// A word, or the string that a prefix such as `br#` opens.
    fn word(&mut self) {
        let length = self.length_of(is_word_part);
        let (word, after) = self.rest.split_at(length);
        let hashes = after.len() - after.trim_start_matches('#').len();
        let opens_string = after[hashes..].starts_with('"');
        match word {
            "r" | "br" | "cr" if opens_string => {
                let end = format!("\"{}", "#".repeat(hashes));
                let start = length + hashes + 1;
                let inside = self.rest[start..].find(&end).unwrap();
                self.skip(start + inside + end.len());
            }
            "b" | "c" if after.starts_with('"') => {
                self.skip(length);
                self.skip_string();
            }
            "b" if after.starts_with('\'') => {
                self.skip(length);
                self.skip_quote();
            }
            // A raw name, as `r#type`.
            "r" if hashes == 1 => self.skip(2),
            _ => self.push(length),
        }
    }

    fn skip_string(&mut self) {
        self.skip(1);
        loop {
            let mark = self.rest.find(['"', '\\']).unwrap();
            if self.rest[mark..].starts_with('"') {
                return self.skip(mark + 1);
            }
            self.skip(mark + 1);
            self.skip(self.rest.chars().next().unwrap().len_utf8());
        }
    }

    /// A character, or a lifetime, which no second quote ends.
    fn skip_quote(&mut self) {
        self.skip(1);
        let mut chars = self.rest.chars();
        let first = chars.next().unwrap();
        if first == '\\' {
            self.skip(2);
            self.skip(self.rest.find('\'').unwrap() + 1);
        } else if chars.next() == Some('\'') {
            self.skip(first.len_utf8() + 1);
        } else {
            self.skip(self.length_of(is_word_part));
        }
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0;
        loop {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.skip(2);
            } else {
                self.skip(self.rest.chars().next().unwrap().len_utf8());
            }
            if depth == 0 {
                return;
            }
        }
    }
}

#[test]
fn words_and_marks_are_read_and_nothing_else() {
    let source = r##"
        // crate::comment
        /* crate::block /* nested */ crate::block */
        let x = "crate::text \" \\"; let y = r#"crate::raw " "#; b"crate::bytes"; b'"';
        fn f<'a>(c: &'a str) -> char { '"' } '\'' '\u{1F600}' 'é' r#type
        crate::last::Thing
    "##;
    let read = tokens(source);
    let texts: Vec<&str> = read.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(
        texts.join(" "),
        "let x = ; let y = ; ; ; fn f < > ( c : & str ) - > char { } type \
         crate :: last :: Thing"
    );
    assert_eq!(read.last().map(|it| it.line), Some(6));
}
