//! Files and folders, read by a script: the same on this machine and on a server.

use jiff::Timestamp;

use super::{FileRead, FolderEntry};
use crate::domain::{Fault, Shown};

/// Exit statuses of the scripts below, far from those that programs use.
const MISSING: i32 = 61;
const FORBIDDEN: i32 = 62;
const WRONG_KIND: i32 = 63;

/// A word for sh, whatever is in it.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Says why a path can't be read, before it is tried. Through a folder that we may not enter, nothing can be seen: that
/// is forbidden, not missing.
fn guards(path: &str, kind: &str) -> String {
    format!(
        "p={}\nif ! [ -e \"$p\" ]; then\n  d=${{p%/*}}\n  while [ -n \"$d\" ] && ! [ -e \"$d\" ]; do d=${{d%/*}}; done\n  \
         [ -x \"${{d:-/}}\" ] || exit {FORBIDDEN}\n  exit {MISSING}\nfi\n[ -{kind} \"$p\" ] || exit {WRONG_KIND}\n\
         [ -r \"$p\" ] || exit {FORBIDDEN}\n",
        quoted(path)
    )
}

/// Prints the modification time in seconds on a line, then at most one byte more than the cap.
pub(super) fn file_script(path: &str, cap: usize) -> String {
    // `--` and the leading `/` of every path: nothing in it is an option.
    format!("{}stat -L -c %Y -- \"$p\" || exit {FORBIDDEN}\nhead -c {} -- \"$p\"\n", guards(path, "f"), cap + 1)
}

/// Prints each entry as `TYPE BYTES SECONDS NAME\0`. A link counts as what it is: not a folder.
pub(super) fn folder_script(path: &str) -> String {
    let root = if path == "/" { String::new() } else { path.trim_end_matches('/').to_owned() };
    format!(
        "{}[ -x \"$p\" ] || exit {FORBIDDEN}\nfind \"$p\"/ -mindepth 1 -maxdepth 1 -printf '%y %s %T@ %f\\0'\n",
        guards(if root.is_empty() { "/" } else { &root }, "d")
    )
}

pub(super) fn parse_file(output: &[u8], cap: usize) -> Result<FileRead, Fault> {
    let unreadable = || Fault::new("the answer about the file makes no sense");
    let at = output.iter().position(|byte| *byte == b'\n').ok_or_else(unreadable)?;
    let bytes = &output[at + 1..];
    if bytes.len() > cap {
        return Err(Fault::new(format!("the file is larger than {} KiB", cap.div_ceil(1 << 10))));
    }
    let seconds = std::str::from_utf8(&output[..at]).ok().and_then(|text| text.parse().ok()).ok_or_else(unreadable)?;
    let modified = Timestamp::from_second(seconds).map_err(|_| unreadable())?;
    Ok(FileRead { bytes: bytes.to_vec(), modified })
}

pub(super) fn parse_folder(output: &[u8]) -> Result<Vec<FolderEntry>, Fault> {
    let entries = output.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
    let mut entries: Vec<FolderEntry> = entries
        .map(|entry| parse_entry(entry).ok_or_else(|| Fault::new("the answer about the folder makes no sense")))
        .collect::<Result<_, _>>()?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn parse_entry(entry: &[u8]) -> Option<FolderEntry> {
    let mut parts = entry.splitn(4, |byte| *byte == b' ');
    let (kind, bytes, time, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (bytes, time) = (std::str::from_utf8(bytes).ok()?.parse().ok()?, std::str::from_utf8(time).ok()?);
    let seconds = time.split('.').next()?.parse().ok()?;
    let modified = Timestamp::from_second(seconds).ok()?;
    Some(FolderEntry { name: name.to_vec(), folder: kind == b"d", bytes: (kind == b"f").then_some(bytes), modified })
}

/// Why a script about a path did not end well.
pub(super) fn path_fault(path: &str, wanted: &str, status: Option<i32>, complaint: &Shown) -> Fault {
    let shown = Shown::line(path).cut(200);
    match status {
        Some(MISSING) => Fault::new(format!("{shown} is missing")).mend("check the path in the configuration"),
        Some(FORBIDDEN) => Fault::new(format!("{shown} can't be read: permission denied"))
            .mend(format!("let the login read {shown} (its group, or an ACL)")),
        Some(WRONG_KIND) => {
            Fault::new(format!("{shown} is not a {wanted}")).mend("check the path in the configuration")
        }
        _ => Fault::new(format!("{shown} can't be read: {complaint}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_every_word_one_word() {
        assert_eq!(quoted("a'b $(id) \"`\n"), "'a'\\''b $(id) \"`\n'");
    }

    #[test]
    fn names_may_hold_spaces_and_line_feeds() {
        let entries =
            parse_folder(b"d 4096 1700000000.0000000000 alpha.0\0f 0 1700000001.5 a b\nc\0l 9 1700000001.5 d\0")
                .unwrap();
        assert_eq!(entries[0].name, b"a b\nc");
        assert!(!entries[0].folder && entries[1].folder);
        assert_eq!([entries[0].bytes, entries[1].bytes, entries[2].bytes], [Some(0), None, None], "only a file's own");
        assert_eq!(entries[1].modified, Timestamp::from_second(1_700_000_000).unwrap());
        assert!(parse_folder(b"nonsense\0").is_err());
        assert_eq!(parse_folder(b"").unwrap(), []);
    }

    #[test]
    fn a_file_above_the_cap_is_a_fault_not_a_part_of_a_file() {
        assert!(parse_file(b"1700000000\nabc", 2).is_err());
        assert_eq!(parse_file(b"1700000000\nabc", 3).unwrap().bytes, b"abc");
        for nonsense in [&b""[..], b"abc", b"x\nabc", b"99999999999999999\n"] {
            assert!(parse_file(nonsense, 10).is_err());
        }
    }
}
