//! A hundred thousand snapshots, from the list to the verdict and what is stored of it.

use std::fmt::Write as _;

use jiff::SignedDuration;

use super::home::{Home, jiff_now};
use super::{judged, register};

const COUNT: i64 = 100_000;

/// The store stays small however long the list is.
fn stored(home: &Home) -> u64 {
    let folder = home.path().join("state/matins");
    let sizes = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    sizes.sum()
}

#[test]
fn a_command_may_list_a_hundred_thousand() {
    let home = Home::new("");
    let list = home.path().join("list");
    let now = jiff_now();
    let mut said = String::from("[");
    for n in 0..COUNT {
        let at = now - SignedDuration::from_mins(60 * n + 30);
        let comma = if n == 0 { "" } else { "," };
        write!(
            said,
            r#"{comma}{{"id": "9f1c2a7e-5d43-4c1b-8a90-{n:012}", "time": "{at}", "host": "web1", "paths": ["/srv", "/etc"], "bytes": {}, "files": 67, "seconds": 312}}"#,
            5_000_000 + n
        )
        .unwrap();
    }
    said.push(']');
    assert!(said.len() > 16 << 20, "{}", said.len());
    std::fs::write(&list, said).unwrap();
    home.configure(&register(&format!(
        "kind = \"command\"\ncommand = [\"/bin/cat\", \"{}\"]\nslots = [\"last night\", \"1 week\", \"2 weeks\"]",
        list.display()
    )));
    let found = judged(&home);
    assert_eq!(found.verdict, "ok", "{found:?}");
    // What is shown adds up to what is there.
    let count = |mark: &str| {
        let line = found.detail.lines().find(|line| line.contains(mark)).unwrap_or_default();
        line.split(' ').next().and_then(|word| word.parse::<i64>().ok()).unwrap_or_else(|| panic!("{mark}: {found:?}"))
    };
    assert_eq!(count(", newest ") + count(" more in the list"), COUNT, "{found:?}");
    assert!(stored(&home) < 8 << 20, "{} bytes are stored", stored(&home));
}
