//! The lists in both of their forms.

use std::path::Path;

use super::*;

const BOTH: &str = "# List of packages\n\nadns      limited  Stub resolver: trusted recursors only\n\
    consul\tnon-supported\t1.10.12+dfsg1-1 2023-09-20  https://bugs.debian.org/1052289\n\
    rust.*   limited  See the release notes\nrust-sequoia-sqv  supported  sqv is fully supported\n";
const ENDED: &str =
    "#\npdns            4.7.3-2                 2025-10-01      No support upstream\nphp-horde.*\t0\t\t2025-03-22\n";
const LIMITED: &str = "adns  Stub resolver\ncython\n";

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, format!("debian-security-support-master/{path}"), *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn read(files: &[(&str, &[u8])]) -> Result<Support, Fault> {
    parse(&mut packed(files).as_slice()).map(|parsed| match parsed.fact {
        Fact::DebianSupport(support) => (*support).clone(),
        other => panic!("{other:?}"),
    })
}

#[test]
fn both_forms_of_the_lists_are_read() {
    let support = read(&[
        ("security-support.deb13", BOTH.as_bytes()),
        ("security-support-ended.deb12", ENDED.as_bytes()),
        ("security-support-limited", LIMITED.as_bytes()),
        ("debian/changelog", b"not a list"),
        ("security-support-ended.deb12.orig", b"not a list"),
    ])
    .unwrap();
    assert_eq!(support.releases, ["12", "13"]);
    let pdns = support.ended("12", "pdns").unwrap();
    assert_eq!((pdns.last_version.as_str(), pdns.why.as_str()), ("4.7.3-2", "No support upstream"));
    assert_eq!(pdns.ended, "2025-10-01".parse().ok());
    assert!(support.ended("12", "php-horde-core").is_some() && support.ended("13", "pdns").is_none());
    assert_eq!(support.ended("13", "consul").unwrap().why, "https://bugs.debian.org/1052289");
    assert!(support.limited("13", "rust-coreutils").is_some() && support.limited("13", "rust-sequoia-sqv").is_none());
    assert_eq!(support.limited("12", "cython").unwrap().why, "");
}

#[test]
fn a_line_that_says_nothing_is_named() {
    let said = |name: &str, text: &[u8]| read(&[(name, text)]).unwrap_err().said.to_string();
    let wrong = said("security-support.deb13", b"# x\nconsul non-supported 1.0 soon why");
    assert_eq!(wrong, "security-support.deb13, line 2 is no entry: consul non-supported 1.0 soon why");
    for (name, line) in [
        ("security-support.deb13", "consul maybe"),
        ("security-support.deb13", "consul"),
        ("security-support-ended.deb12", "pdns 4.7_3 2025-10-01 x"),
        ("security-support-ended.deb12", "pdns 4.7"),
        ("security-support-limited", "<b>adns</b> x"),
    ] {
        assert!(said(name, line.as_bytes()).contains(", line 1 is no entry: "), "{line}");
    }
    assert_eq!(said("security-support-limited", b"a\xff"), "security-support-limited is no text in UTF-8");
    assert!(parse(&mut &packed(&[])[..200]).is_err());
}

#[test]
fn the_lists_of_this_machine_are_read() {
    let root = Path::new("/usr/share/debian-security-support");
    let Ok(entries) = std::fs::read_dir(root) else {
        eprintln!("left out: {} is not there", root.display());
        return;
    };
    let files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let support = read(&files).unwrap();
    assert!(support.releases.len() >= 3 && support.limited.len() >= 20, "{support:?}");
}
