//! The reports as a browser shows and prints them: a headless Chromium, on screens of both widths and schemes, and on paper.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "support/chromium.rs"]
mod chromium;
#[path = "support/fleet.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod fleet;
#[path = "support/home.rs"]
mod home;

use std::path::{Path, PathBuf};

use chromium::{Chromium, there_is_chromium};
use fleet::{KEY, fleet, ok, store};
use home::Home;
use serde_json::Value;

/// What there is to find, each in words; empty where nothing is wrong.
const WRONG: &str = r#"(() => {
  const wrong = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) wrong.push(`${wide} px wide in ${innerWidth}`);
  const parse = text => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = color => color.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const below = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) return color;
    }
    return [255, 255, 255, 1];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || element.tagName === "title" || element.getBoundingClientRect().width === 0) continue;
    texts++;
    const style = getComputedStyle(element), drawn = element instanceof SVGElement;
    const ink = parse(drawn ? style.fill : style.color);
    const glyph = element.classList.contains("glyph");
    const ground = glyph ? parse(getComputedStyle(element.previousElementSibling).fill) : below(element);
    const [one, other] = [light(ink), light(ground)].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) wrong.push(`contrast ${contrast.toFixed(1)}: ${text.slice(0, 40)}`);
  }
  if (texts === 0) wrong.push("no text");
  for (const svg of document.querySelectorAll("svg")) {
    const box = svg.getBoundingClientRect(), title = svg.querySelector(":scope > title");
    if (!title || !title.textContent.trim()) wrong.push("a drawing without a title");
    if (box.width < 100 || box.height < 10) wrong.push(`a drawing of ${box.width} by ${box.height}`);
    const wanted = svg.viewBox.baseVal;
    if (wanted && box.width < wanted.width * 0.8) wrong.push(`a drawing shrunk to ${box.width} px`);
    for (const part of svg.querySelectorAll("rect, text, polyline, line")) {
      const at = part.getBoundingClientRect();
      if (at.left < box.left - 1 || at.right > box.right + 1 || at.bottom > box.bottom + 1) {
        wrong.push(`outside of its drawing: ${part.outerHTML.slice(0, 80)}`);
      }
    }
  }
  return wrong;
})()"#;

/// Moves what was recorded in the store into the past, as if a day had gone by.
fn a_day_later(home: &Home) {
    let store = store(home);
    for table in ["round", "change", "opening"] {
        store.execute(&format!("UPDATE {table} SET at = at - 86400000"), []).unwrap();
    }
}

/// A fleet with four days behind it, with decisions, check-ins, and names that mean something elsewhere.
fn lived() -> Home {
    let home = fleet(60);
    for _ in 0..3 {
        home.run(&["round", "--only", "backups"]);
        a_day_later(&home);
    }
    std::fs::remove_dir_all(home.path().join("dumps")).unwrap();
    home::backups(home.path(), 0);
    home.run(&["round", "--only", "backups"]);
    let long = "a reason that is as long as people write them when they are asked for one, with a-word-without-any-place-to-break-it-that-goes-on-and-on-and-on";
    ok(&home, &["decide", "backup-on-site/=evil<script>|x", "accept", "--reason", long, "--until", "7d"]);
    ok(&home, &["attest", "restore", "web1", "--until", "1y", "--note", "restored within 12 minutes"]);
    ok(&home, &["sign", "--note", "the disk comes on Friday"]);
    home
}

/// Where the pictures stay for who wants to look at them.
fn kept(name: &str, bytes: &[u8]) {
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), bytes).unwrap();
}

fn written(home: &Home, what: &str) -> PathBuf {
    let file = home.path().join(format!("{what}.html"));
    ok(home, &["report", what, "--format", "html", "--output", file.to_str().unwrap()]);
    file
}

/// How many pages a PDF has.
fn pages(pdf: &[u8]) -> usize {
    let starts = |name: &[u8]| pdf.windows(name.len()).filter(|part| *part == name).count();
    starts(b"/Type /Page") - starts(b"/Type /Pages")
}

#[test]
fn reports_show_and_print_well_and_fetch_nothing() {
    if !there_is_chromium() {
        return;
    }
    let (home, mut browser) = (lived(), Chromium::start());
    for (what, drawings, most) in [("morning", 0, 4), ("month", 3, 5), ("audit", 0, 16)] {
        let file = written(&home, what);
        for (width, scheme) in [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")] {
            browser.open(&file, width, scheme);
            let about = format!("{what}, {width} px, {scheme}");
            assert_eq!(browser.find(WRONG), Value::Array(Vec::new()), "{about}");
            assert_eq!(browser.find("document.querySelectorAll('svg').length"), drawings, "{about}");
            let paper = browser.find("getComputedStyle(document.body).backgroundColor");
            assert_eq!(paper, if scheme == "dark" { "rgb(20, 23, 27)" } else { "rgb(255, 255, 255)" }, "{about}");
            assert_eq!(browser.requests, [format!("file://{}", file.display())], "{about}");
            assert_eq!(browser.complaints, Vec::<String>::new(), "{about}");
            let picture = browser.picture();
            assert!(picture.starts_with(b"\x89PNG\r\n") && picture.len() > 10_000, "{about}: {}", picture.len());
            kept(&format!("{what}-{width}-{scheme}.png"), &picture);
        }
        let pdf = browser.paper();
        assert!(pdf.starts_with(b"%PDF-") && (1..=most).contains(&pages(&pdf)), "{what}: {} pages", pages(&pdf));
        kept(&format!("{what}.pdf"), &pdf);
    }
    let month = std::fs::read_to_string(home.path().join("month.html")).unwrap();
    assert!(month.contains(KEY), "there is something in it to look at");
}

/// What is looked for above is found where it is there.
#[test]
fn what_is_wrong_with_a_page_is_found() {
    if !there_is_chromium() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.html");
    let bad = "<body><p style='color:#999'>faint</p><div style='width:2000px'>wide</div><img src='http://127.0.0.1:9/x.png'>\
               <svg viewBox='0 0 800 50' width='200' height='50'><rect x='790' width='50' height='20'/></svg><script>nothing.here()</script>";
    std::fs::write(&file, bad).unwrap();
    let mut browser = Chromium::start();
    browser.open(&file, 390, "light");
    let wrong = browser.find(WRONG).to_string();
    for found in
        ["2008 px wide in", "contrast 2.8: faint", "without a title", "shrunk to 200 px", "outside of its drawing"]
    {
        assert!(wrong.contains(found), "{found}: {wrong}");
    }
    assert!(browser.requests.iter().any(|request| request.contains("127.0.0.1:9")), "{:?}", browser.requests);
    assert!(browser.complaints.iter().any(|said| said.contains("nothing is not defined")), "{:?}", browser.complaints);
}
