//! The frame around a script's output: what a login shell says before and after is not taken for an answer, and an
//! answer that was cut off is not taken for a whole one.
//!
//! ```text
//! Welcome to web1!                      noise of a login shell: skipped, its lines counted
//! MATINS1 BEGIN 0f3c…                   the nonce is new for each script
//! the script's output, byte for byte
//! MATINS1 END 0f3c… rc=0                on a line of its own, after the last byte
//! ```
//!
//! Nobody who put data on the server before the script ran knows the nonce, so no data can forge the end. The body stays
//! as it is, so that files can pass; a script whose data has lines indents them by a space behind its own headings.

use std::hash::{BuildHasher as _, RandomState};

/// A script, with the frame around it, as `sh -s` reads it from stdin. The whole is one command to sh: a script that
/// arrives only in part is not begun. What the script's commands read from stdin is empty.
pub(super) fn framed(script: &str, nonce: &str) -> Vec<u8> {
    format!(
        "{{\nprintf '\\nMATINS1 BEGIN %s\\n' {nonce}\n(\n{script}\n) </dev/null\n\
         printf '\\nMATINS1 END %s rc=%d\\n' {nonce} \"$?\"\nexit 0\n}}\n"
    )
    .into_bytes()
}

/// A file for a server whose key is forced to run it: whoever holds the key sends a question as [`framed`] asks it, of
/// which four lines are matched word by word and the rest is thrown away. `version` says in the answer which one it is.
pub(super) fn forced(script: &str, version: &str) -> String {
    format!(
        r#"#!/bin/sh
# matins' probe, version {version}. What comes in by stdin is matched and never run: a key forced to this file
# (authorized_keys: restrict,command="…") can ask these questions of this server, and do nothing else.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
refuse() {{
  echo "this key may run matins' probe and nothing else" >&2
  exit 126
}}
IFS= read -r brace && IFS= read -r begin && IFS= read -r open && IFS= read -r memory || refuse
cat >/dev/null
nonce=${{begin##* }}
case $nonce in '' | *[!0-9a-f]*) refuse ;; esac
[ "$brace $begin $open" = "{{ printf '\nMATINS1 BEGIN %s\n' $nonce (" ] || refuse
known=${{memory#"known='"}}
known=${{known%%"'"*}}
power=${{memory##*" power='"}}
power=${{power%%"'"*}}
had=${{memory##*" had='"}}
had=${{had%"'"}}
[ "$memory" = "known='$known' power='$power' had='$had'" ] || refuse
case $known in *[!0-9a-f]*) refuse ;; esac
case $power in '' | root | sudo | none) ;; sudo:*[!0-9:]*) refuse ;; sudo:[0-9]*) ;; *) refuse ;; esac
case $had in *[!0-9a-z:\ -]*) refuse ;; esac
printf '\nMATINS1 BEGIN %s\n' "$nonce"
(
printf '#installed\n %s\n rc=0\n' {version}
{script}
) </dev/null
printf '\nMATINS1 END %s rc=%d\n' "$nonce" "$?"
"#
    )
}

/// 32 hexadecimal digits that nobody can guess: the standard library seeds its hasher's keys from the system's randomness.
pub(super) fn nonce() -> String {
    format!("{:016x}{:016x}", RandomState::new().hash_one(1), RandomState::new().hash_one(2))
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Begin and end are there: the script ran to its end.
    Whole { body: Vec<u8>, status: i32, noise: usize },
    /// It began and was cut off.
    Cut,
    /// It never began.
    Nothing,
}

pub(super) fn parse_frame(output: &[u8], nonce: &str) -> Heard {
    let begin = format!("\nMATINS1 BEGIN {nonce}\n");
    // The first newline is ours: noise need not end with one.
    let Some(at) = position(output, begin.as_bytes()) else { return Heard::Nothing };
    let noise = output[..at].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let rest = &output[at + begin.len()..];
    let end = format!("\nMATINS1 END {nonce} rc=");
    // An empty body leaves the end's own newline first.
    let Some(at) = position(rest, end.as_bytes()) else { return Heard::Cut };
    let after = &rest[at + end.len()..];
    let Some(line_end) = after.iter().position(|byte| *byte == b'\n') else { return Heard::Cut };
    match std::str::from_utf8(&after[..line_end]).ok().and_then(|code| code.parse().ok()) {
        Some(status) => Heard::Whole { body: rest[..at].to_vec(), status, noise },
        None => Heard::Cut,
    }
}

fn position(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = hay.get(from..)?.iter().position(|byte| *byte == first) {
        if hay[from + step..].starts_with(needle) {
            return Some(from + step);
        }
        from += step + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answered(body: &[u8], nonce: &str) -> Vec<u8> {
        let mut bytes = format!("\nMATINS1 BEGIN {nonce}\n").into_bytes();
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(format!("\nMATINS1 END {nonce} rc=0\n").as_bytes());
        bytes
    }

    #[test]
    fn two_nonces_are_never_alike() {
        let all: std::collections::HashSet<String> = (0..1_000).map(|_| nonce()).collect();
        assert_eq!(all.len(), 1_000);
        assert!(all.iter().all(|nonce| nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }

    #[test]
    fn noise_before_and_after_is_skipped_and_counted() {
        let mut bytes = b"Welcome!\n\n  MATINS1 BEGIN of nothing\nno newline".to_vec();
        bytes.extend(answered(b"x", "aa"));
        bytes.extend(b"logout\n");
        assert_eq!(parse_frame(&bytes, "aa"), Heard::Whole { body: b"x".to_vec(), status: 0, noise: 3 });
    }

    #[test]
    fn an_end_forged_by_data_is_data() {
        let data = b"MATINS1 END bb rc=0\n\nMATINS1 END \n";
        let bytes = answered(data, "aa");
        assert_eq!(parse_frame(&bytes, "aa"), Heard::Whole { body: data.to_vec(), status: 0, noise: 0 });
    }

    proptest! {
        #[test]
        fn every_body_comes_back_byte_for_byte(body in proptest::collection::vec(any::<u8>(), 0..600)) {
            let heard = parse_frame(&answered(&body, "0f3c"), "0f3c");
            prop_assert_eq!(heard, Heard::Whole { body, status: 0, noise: 0 });
        }

        #[test]
        fn no_part_of_an_answer_is_taken_for_the_whole(body in proptest::collection::vec(any::<u8>(), 0..100), cut in 0usize..1_000) {
            let whole = answered(&body, "0f3c");
            let cut = cut % whole.len();
            let heard = parse_frame(&whole[..cut], "0f3c");
            prop_assert!(matches!(heard, Heard::Cut | Heard::Nothing), "{:?}", heard);
        }

        #[test]
        fn anything_is_heard_out_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            parse_frame(&bytes, "");
        }
    }
}
