//! Pickles as `CPython` 3.11 writes them, and hostile ones.

use proptest::prelude::*;

use super::*;
use crate::samples::MAX_BODY_BYTES;

/// `pickle.dumps(samples, protocol)` for protocols 0 to 5, where samples is
/// `[{"Body": b"\x89P\x00\n\\\xff", "ContentType": "image/png"},` `{"Body": "1,2
/// \u00e9\u20ac\U0001f600\\u0041\n", "ContentType": "text/csv", "InferenceId": "a-1"},` `{"Body":
/// b"", "ContentType": "image/png"}, {"Body": bytearray(b"ab\xfe"), "Accept": None}]`.
const BY_PROTOCOL: [&[u8]; 6] = [
    b"(lp0\n(dp1\nVBody\np2\nc_codecs\nencode\np3\n(V\x89P\\u0000\\u000a\\u005c\xff\np4\nVlatin1\np5\ntp6\nRp7\nsVContentType\np8\nVimage/png\np9\nsa(dp10\ng2\nV1,2 \xe9\\u20ac\\U0001f600\\u005cu0041\\u000a\np11\nsg8\nVtext/csv\np12\nsVInferenceId\np13\nVa-1\np14\nsa(dp15\ng2\nc__builtin__\nbytes\np16\n(tRp17\nsg8\ng9\nsa(dp18\ng2\nc__builtin__\nbytearray\np19\n(g3\n(Vab\xfe\np20\ng5\ntp21\nRp22\ntp23\nRp24\nsVAccept\np25\nNsa.",
    b"]q\x00(}q\x01(X\x04\x00\x00\x00Bodyq\x02c_codecs\nencode\nq\x03(X\x08\x00\x00\x00\xc2\x89P\x00\n\\\xc3\xbfq\x04X\x06\x00\x00\x00latin1q\x05tq\x06Rq\x07X\x0b\x00\x00\x00ContentTypeq\x08X\x09\x00\x00\x00image/pngq\x09u}q\n(h\x02X\x14\x00\x00\x001,2 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\u0041\nq\x0bh\x08X\x08\x00\x00\x00text/csvq\x0cX\x0b\x00\x00\x00InferenceIdq\x0dX\x03\x00\x00\x00a-1q\x0eu}q\x0f(h\x02c__builtin__\nbytes\nq\x10)Rq\x11h\x08h\x09u}q\x12(h\x02c__builtin__\nbytearray\nq\x13(h\x03(X\x04\x00\x00\x00ab\xc3\xbeq\x14h\x05tq\x15Rq\x16tq\x17Rq\x18X\x06\x00\x00\x00Acceptq\x19Nue.",
    b"\x80\x02]q\x00(}q\x01(X\x04\x00\x00\x00Bodyq\x02c_codecs\nencode\nq\x03X\x08\x00\x00\x00\xc2\x89P\x00\n\\\xc3\xbfq\x04X\x06\x00\x00\x00latin1q\x05\x86q\x06Rq\x07X\x0b\x00\x00\x00ContentTypeq\x08X\x09\x00\x00\x00image/pngq\x09u}q\n(h\x02X\x14\x00\x00\x001,2 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\u0041\nq\x0bh\x08X\x08\x00\x00\x00text/csvq\x0cX\x0b\x00\x00\x00InferenceIdq\x0dX\x03\x00\x00\x00a-1q\x0eu}q\x0f(h\x02c__builtin__\nbytes\nq\x10)Rq\x11h\x08h\x09u}q\x12(h\x02c__builtin__\nbytearray\nq\x13h\x03X\x04\x00\x00\x00ab\xc3\xbeq\x14h\x05\x86q\x15Rq\x16\x85q\x17Rq\x18X\x06\x00\x00\x00Acceptq\x19Nue.",
    b"\x80\x03]q\x00(}q\x01(X\x04\x00\x00\x00Bodyq\x02C\x06\x89P\x00\n\\\xffq\x03X\x0b\x00\x00\x00ContentTypeq\x04X\x09\x00\x00\x00image/pngq\x05u}q\x06(h\x02X\x14\x00\x00\x001,2 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\u0041\nq\x07h\x04X\x08\x00\x00\x00text/csvq\x08X\x0b\x00\x00\x00InferenceIdq\x09X\x03\x00\x00\x00a-1q\nu}q\x0b(h\x02C\x00q\x0ch\x04h\x05u}q\x0d(h\x02cbuiltins\nbytearray\nq\x0eC\x03ab\xfeq\x0f\x85q\x10Rq\x11X\x06\x00\x00\x00Acceptq\x12Nue.",
    b"\x80\x04\x95\xb1\x00\x00\x00\x00\x00\x00\x00]\x94(}\x94(\x8c\x04Body\x94C\x06\x89P\x00\n\\\xff\x94\x8c\x0bContentType\x94\x8c\x09image/png\x94u}\x94(h\x02\x8c\x141,2 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\u0041\n\x94h\x04\x8c\x08text/csv\x94\x8c\x0bInferenceId\x94\x8c\x03a-1\x94u}\x94(h\x02C\x00\x94h\x04h\x05u}\x94(h\x02\x8c\x08builtins\x94\x8c\x09bytearray\x94\x93\x94C\x03ab\xfe\x94\x85\x94R\x94\x8c\x06Accept\x94Nue.",
    b"\x80\x05\x95\x9b\x00\x00\x00\x00\x00\x00\x00]\x94(}\x94(\x8c\x04Body\x94C\x06\x89P\x00\n\\\xff\x94\x8c\x0bContentType\x94\x8c\x09image/png\x94u}\x94(h\x02\x8c\x141,2 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\u0041\n\x94h\x04\x8c\x08text/csv\x94\x8c\x0bInferenceId\x94\x8c\x03a-1\x94u}\x94(h\x02C\x00\x94h\x04h\x05u}\x94(h\x02\x96\x03\x00\x00\x00\x00\x00\x00\x00ab\xfe\x94\x8c\x06Accept\x94Nue.",
];

/// `pickle.dumps([{"Body": Evil()}], protocol)` for protocols 0, 2 and 4, where `Evil.__reduce__`
/// returns `(os.system, ("echo pwned",))`.
const CALLS_SYSTEM: [&[u8]; 3] = [
    b"(lp0\n(dp1\nVBody\np2\ncposix\nsystem\np3\n(Vecho pwned\np4\ntp5\nRp6\nsa.",
    b"\x80\x02]q\x00}q\x01X\x04\x00\x00\x00Bodyq\x02cposix\nsystem\nq\x03X\n\x00\x00\x00echo pwnedq\x04\x85q\x05Rq\x06sa.",
    b"\x80\x04\x952\x00\x00\x00\x00\x00\x00\x00]\x94}\x94\x8c\x04Body\x94\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\necho pwned\x94\x85\x94R\x94sa.",
];

/// A list that holds itself, and a dict that does.
const LOOPS: [(&[u8], &str); 2] = [
    (b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00]\x94h\x00a.", "sample 1: a list instead of a dict"),
    (b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00]\x94}\x94(\x8c\x04Body\x94C\x01x\x94\x8c\x06Accept\x94h\x01ua.", "sample 1: Accept is a dict, not a string"),
];

fn samples(bytes: &[u8]) -> Result<Vec<Sample>, SamplesError> {
    parse(bytes, Path::new("s.pkl"))
}

fn error(bytes: &[u8]) -> String {
    samples(bytes).unwrap_err().to_string()
}

/// A list of one dict with one member, whose value is `value` in opcodes.
fn with_member(name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x80\x04]}\x8c".to_vec();
    bytes.push(u8::try_from(name.len()).unwrap());
    bytes.extend_from_slice(name.as_bytes());
    [&bytes, value, b"sa."].concat()
}

#[test]
fn every_protocol_gives_the_same_samples() {
    let sample = |body: &[u8], content_type: Option<&str>| Sample {
        body: body.to_vec(),
        content_type: content_type.map(str::to_owned),
        ..Sample::default()
    };
    let mut text = sample("1,2 é€😀\\u0041\n".as_bytes(), Some("text/csv"));
    text.inference_id = Some("a-1".to_owned());
    let expected = [
        sample(b"\x89P\x00\n\\\xff", Some("image/png")),
        text,
        sample(b"", Some("image/png")),
        sample(b"ab\xfe", None),
    ];
    for (protocol, bytes) in BY_PROTOCOL.iter().enumerate() {
        assert_eq!(samples(bytes).unwrap(), expected, "protocol {protocol}");
    }
}

#[test]
fn a_function_of_the_files_choice_is_named_and_not_called() {
    let errors: Vec<String> = CALLS_SYSTEM.iter().map(|bytes| error(bytes)).collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
    samples `s.pkl` byte 19: opcode `c` (0x63) names `posix.system`; nothing is called but what makes bytes (_codecs.encode, bytes, bytearray)
    samples `s.pkl` byte 19: opcode `c` (0x63) names `posix.system`; nothing is called but what makes bytes (_codecs.encode, bytes, bytearray)
    samples `s.pkl` byte 39: opcode 0x93 names `posix.system`; nothing is called but what makes bytes (_codecs.encode, bytes, bytearray)
    ");
    let hint = samples(CALLS_SYSTEM[0]).unwrap_err().hint();
    assert!(hint.unwrap().starts_with("pickle.dump a list of dicts"));
}

#[test]
fn a_module_name_can_neither_escape_nor_grow_the_message() {
    let bytes = [b"c\x1b[31m##[error]x\n".as_slice(), &[b'y'; 500], b"\nR."].concat();
    let error = error(&bytes);
    assert!(
        error.len() < 250 && !error.contains('\x1b') && !error.contains("##["),
        "{error}"
    );
}

#[test]
fn other_functions_with_the_arguments_of_encode_make_no_bytes() {
    for (value, words) in [
        (
            b"c_codecs\nencode\n(VA\nVutf-16\ntR".as_slice(),
            "make no bytes",
        ),
        (
            b"c_codecs\nencode\n(Nt2",
            "opcode `2` (0x32) writes something else",
        ),
        (b"cbuiltins\nbytes\n(NtR", "make no bytes"),
        (b"]]R", "a call that makes no bytes"),
        (b"c_codecs\nencode\n", "Body is a function"),
        (
            b"c_codecs\nencode\n(V\\u20ac\nVlatin1\ntR",
            "a character is not Latin-1",
        ),
    ] {
        let error = error(&with_member("Body", value));
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn lists_and_dicts_that_hold_themselves_are_refused() {
    for (bytes, words) in LOOPS {
        let error = error(bytes);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn an_unknown_opcode_is_refused_with_its_offset() {
    for (value, words) in [
        (
            b"K\x01".as_slice(),
            "byte 21: opcode `K` (0x4b) writes a number",
        ),
        (b"\x88", "byte 21: opcode 0x88 writes a boolean"),
        (
            b"S'x'\n",
            "byte 21: opcode `S` (0x53) writes a string of Python 2",
        ),
        (b"i", "byte 21: opcode `i` (0x69) writes an object"),
        (b"Pid\n", "byte 21: opcode `P` (0x50) writes something else"),
        (b"\xff", "byte 21: opcode 0xff writes something else"),
    ] {
        let error = error(&with_member("InferenceId!!!!", value));
        assert!(error.contains(words), "{error}");
    }
    assert!(error(b"\x80\x06N.").contains("byte 0: protocol 6 is newer than 5"));
}

#[test]
fn members_are_those_of_json_lines() {
    for (name, value, words) in [
        (
            "body",
            b"C\x01x".as_slice(),
            "sample 1: unknown field `body`, expected one of `Body`, `BodyBase64`",
        ),
        (
            "Accept",
            b"C\x01x",
            "sample 1: Accept is bytes, not a string",
        ),
        (
            "Body",
            b"N",
            "sample 1: Body is None, not bytes or a string",
        ),
        (
            "Accept",
            b"N",
            "sample 1: exactly one of Body, BodyBase64 and BodyFile is needed",
        ),
    ] {
        let error = error(&with_member(name, value));
        assert!(error.contains(words), "{error}");
    }
    let encoded = with_member("BodyBase64", b"\x8c\x04/9g=");
    assert_eq!(samples(&encoded).unwrap()[0].body, [0xff, 0xd8]);
}

#[test]
fn what_is_no_list_of_dicts_is_named() {
    for (bytes, words) in [
        (
            b"}.".as_slice(),
            "`s.pkl`: a dict instead of a list of dicts",
        ),
        (b"]Na.", "sample 1: None instead of a dict"),
        (b"]}NNsa.", "the name of a member is None"),
        (b"", "byte 0: the file ends before the pickle does"),
        (b"].].", "byte 1: 2 bytes follow the end"),
        (b".", "byte 0: the end comes before"),
        (b"(].", "byte 2: the end comes before"),
        (b"a", "fewer values"),
        (b"](a", "fewer values"),
        (b"e", "no mark is set"),
        (b"}(Nu", "a dict's key has no value"),
        (b"}Na", "a dict is appended to"),
        (b"]NNs", "items are set in a list"),
        (b"g7\n", "nothing is remembered as 7"),
        (b"gx\n", "a line that is not a number"),
        (b"V\\ud800\n", "an escape that stands for no character"),
        (b"V\\u00\n", "an escape that stands for no character"),
        (b"X\x01\0\0\0\xff", "a string that is not UTF-8"),
        (b"NN\x93", "a function's name is not a string"),
    ] {
        let error = error(bytes);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_huge_length_allocates_nothing() {
    for bytes in [
        b"\x8e\0\0\0\0\0\x01\0\0".as_slice(),
        b"\x96\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"B\xff\xff\xff\xff",
    ] {
        let error = error(bytes);
        assert!(
            error.ends_with("bytes are announced, 0 are left"),
            "{error}"
        );
    }
}

#[test]
fn every_truncation_is_refused() {
    for bytes in BY_PROTOCOL {
        for length in 0..bytes.len() {
            assert!(samples(&bytes[..length]).is_err(), "{length} of {bytes:?}");
        }
    }
}

#[test]
fn a_million_nested_lists_do_not_overflow_the_stack() {
    let depth = 1_000_000;
    let bytes = [vec![b']'; depth], vec![b'a'; depth - 1], b".".to_vec()].concat();
    assert!(error(&bytes).contains("sample 1: a list instead of a dict"));
    let tuples = [vec![b')'], vec![0x85; depth], b".".to_vec()].concat();
    assert!(error(&tuples).contains("sample 1: a list instead of a dict"));
}

#[test]
fn the_same_dict_many_times_is_many_samples() {
    // pickle.dumps([{"Body": b"x"}] * 3, 4)
    let bytes = b"\x80\x04\x95\x17\x00\x00\x00\x00\x00\x00\x00]\x94(}\x94\x8c\x04Body\x94C\x01x\x94sh\x01h\x01e.";
    let bodies: Vec<Vec<u8>> = samples(bytes)
        .unwrap()
        .into_iter()
        .map(|it| it.body)
        .collect();
    assert_eq!(bodies, [b"x", b"x", b"x"]);
}

#[test]
fn references_cannot_blow_a_small_file_up() {
    let body = [b"B\0\0\x40\0".as_slice(), &vec![b'x'; MAX_BODY_BYTES]].concat();
    let one = [b"]}\x8c\x04Body".as_slice(), &body, b"sq\0a"].concat();
    let repeated = |times: usize| [one.as_slice(), &b"h\0a".repeat(times), b"."].concat();
    assert_eq!(samples(&repeated(9)).unwrap().len(), 10);
    let error = error(&repeated(100_000));
    assert!(
        error.contains("sample 66: the samples up to here repeat more than 256 MB"),
        "{error}"
    );
}

#[test]
fn a_body_over_four_megabytes_is_refused_with_its_sample() {
    let body = [b"B\x01\0\x40\0".as_slice(), &vec![b'x'; MAX_BODY_BYTES + 1]].concat();
    assert_eq!(
        error(&with_member("Body", &body)),
        "samples `s.pkl` sample 1: body of 4194305 bytes is over SageMaker Serverless's limit of 4 MB (4194304 bytes)"
    );
}

#[test]
fn too_many_opcodes_are_refused() {
    let error = error(&vec![b'N'; 5_000_001]);
    assert!(
        error.contains("byte 5000000: more than 5000000 opcodes"),
        "{error}"
    );
}

/// Opcodes that are read, so that junk gets past the first byte.
const OPCODES: &[u8] =
    b"\x80\x95(NVX\x8c\x8dCB\x8e\x96])lt\x85\x86\x87}daesupqr\x94ghjc\x93R.\x00\x01\x02\x03\n4a";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn junk_never_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        opcodes in proptest::collection::vec(proptest::sample::select(OPCODES), 0..200),
    ) {
        let _ = samples(&bytes);
        let _ = samples(&opcodes);
    }

    #[test]
    fn a_changed_byte_never_panics(protocol in 0_usize..6, at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = BY_PROTOCOL[protocol].to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = samples(&bytes);
    }
}
