//! Errors that say how to fix them.

/// Declares an enum of errors, with message and suggested fix of a variant side by side.
///
/// `#[error]` is the message, as `thiserror` reads it. `#[hint]` behind it is the suggested fix,
/// which the method `hint` returns: text with fields in braces, or an expression of type
/// `Option<String>` that uses fields by name. Without it there is none.
macro_rules! hinted {
    (@hint) => { None };
    (@hint $text:literal) => { Some(format!($text)) };
    (@hint $hint:expr) => { $hint };
    (
        $(#[doc = $about:literal])*
        $(#[derive($($Derived:ident),*)])?
        $visibility:vis enum $Name:ident {
            $(
                $(#[doc = $doc:literal])*
                #[error($($message:tt)*)]
                $(#[hint($($hint:tt)*)])?
                $Variant:ident $({
                    $( $(#[$of_field:meta])* $field:ident: $Type:ty ),* $(,)?
                })?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, thiserror::Error $($(, $Derived)*)?)]
        $visibility enum $Name {
            $(
                $(#[doc = $doc])*
                #[error($($message)*)]
                $Variant $({ $( $(#[$of_field])* $field: $Type ),* })?
            ),*
        }

        impl $Name {
            /// A suggested fix, where there is one.
            $visibility fn hint(&self) -> Option<String> {
                match self {
                    $(
                        Self::$Variant $({ $($field),* })? => {
                            // Not every suggestion uses every field.
                            $( $( let _ = $field; )* )?
                            $crate::hint::hinted!(@hint $($($hint)*)?)
                        }
                    )*
                }
            }
        }
    };
}

pub(crate) use hinted;

#[cfg(test)]
mod tests {
    hinted! {
        /// One variant of each kind.
        enum Sample {
            /// Without a hint.
            #[error("nothing helps")]
            Hopeless,
            /// Text.
            #[error("no `{name}` in {place}")]
            #[hint("create `{name}`")]
            Missing {
                /// Its name.
                name: String,
                /// Where it was looked for.
                place: &'static str,
            },
            /// An expression.
            #[error("cannot read: {source}")]
            #[hint(source.raw_os_error().map(|code| format!("look up {code}")))]
            Io {
                /// The cause.
                #[from]
                source: std::io::Error,
            },
        }
    }

    #[test]
    fn a_variant_has_its_message_and_its_hint() {
        let missing = Sample::Missing {
            name: "m".to_owned(),
            place: "here",
        };
        let said = |it: Sample| (it.to_string(), it.hint());
        let (message, hint) = said(missing);
        assert_eq!(message, "no `m` in here");
        assert_eq!(hint.as_deref(), Some("create `m`"));
        assert_eq!(said(Sample::Hopeless), ("nothing helps".to_owned(), None));
        let hint = |error: std::io::Error| Sample::from(error).hint();
        let coded = hint(std::io::Error::from_raw_os_error(2));
        assert_eq!(coded.as_deref(), Some("look up 2"));
        assert_eq!(hint(std::io::Error::other("x")), None);
    }
}
