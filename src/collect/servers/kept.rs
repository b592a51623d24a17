//! The long sections of the last answer, as they lie in the store until the next one.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::parse::sections::Sections;

/// More than an answer can be.
const CAP: u64 = 16 << 20;

pub fn pack(sections: &Sections) -> String {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let text = serde_json::to_vec(sections).unwrap_or_default();
    // Memory does not refuse what is written to it; and what is not remembered is sent again.
    let packed = packed.write_all(&text).and_then(|()| packed.finish()).unwrap_or_default();
    STANDARD.encode(packed)
}

/// What makes no sense is not remembered.
pub fn unpack(text: &str) -> Sections {
    let packed = STANDARD.decode(text).unwrap_or_default();
    let mut text = Vec::new();
    let whole = GzDecoder::new(packed.as_slice()).take(CAP).read_to_end(&mut text).is_ok();
    whole.then(|| serde_json::from_slice(&text).ok()).flatten().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::parse::sections::parse_sections;
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_nonsense_is_nothing() {
        let long = format!("#packages\n {}\n\n rc=0\n#short\n x\n\n rc=0\n", "ii bash 5.2 ".repeat(500));
        let sections = parse_sections(long.as_bytes()).long();
        let packed = pack(&sections);
        assert_eq!(unpack(&packed), sections);
        assert!(packed.len() < 500 && !sections.offer().is_empty(), "{}", packed.len());
        for nonsense in ["", "x", "H4sIAAAA", &packed[..packed.len() / 2]] {
            assert_eq!(unpack(nonsense), Sections::default(), "{nonsense}");
        }
    }
}
