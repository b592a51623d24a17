//! Which packages there are and who asked for them.

use super::*;

/// apt's own file of what came because something needed it; its fields in any order, of any architecture, of all.
#[tokio::test]
async fn what_somebody_asked_for_is_what_apt_does_not_hold_for_automatic() {
    let machine = Machine::new();
    let rows = "ii \ta\t1\ta\t1\tamd64\ta\nii \tb\t1\tb\t1\tamd64\tb:amd64\nii \tb\t1\tb\t1\ti386\tb:i386\nii \tc\t1\tc\t1\tall\tc\n\
        rc \td\t1\td\t1\tamd64\td\nun \te\t\te\t\t\te\nhi \tf\t1\tf\t1\tall\tf\niU \tg\t1\tg\t1\tamd64\tg\n";
    machine.write("rows", rows);
    machine.program("dpkg-query", &format!("cat {}", machine.path("rows").display()));
    let automatic = machine.path("states");
    let before = format!("mark=' | ' native=amd64 states={}", automatic.display());
    let ask = async || {
        let (said, status) = machine.says(&before, &["installed"], "installed").await;
        assert_eq!(status, Some(0), "{said}");
        said.split(" | ").map(|part| part.replace('\n', " ")).collect::<Vec<_>>()
    };
    // Without the file apt holds nothing for automatic.
    let told = ask().await;
    assert_eq!(told[0].matches("ii ").count(), 4, "{told:?}");
    assert!(!told[0].contains("b:amd64") && told[0].contains("rc \td\t1\td\t1\tamd64"), "{told:?}");
    assert_eq!(told[1..], ["0", "a b:amd64 b:i386 c f g", "a b b:i386 c f g"]);
    machine.write(
        "states",
        "Package: a\nArchitecture: amd64\nAuto-Installed: 0\n\nAuto-Installed: 1\nArchitecture: i386\nPackage: b\n\n\
         Package: c\nArchitecture: amd64\nAuto-Installed: 1\n\npackage:f\nArchitecture: all\nauto-installed: 1\n\n\
         Package: g\nAuto-Installed: 1\n",
    );
    assert_eq!(ask().await[3], "a b");
    machine.program("dpkg-query", "echo 'dpkg-query: error: broken' >&2; exit 2");
    let told = ask().await;
    assert_eq!(told, ["dpkg-query: error: broken", "2", "", ""]);
}

#[tokio::test]
async fn apt_mark_names_the_same_as_apt_s_file_and_is_asked_where_that_may_lie_elsewhere() {
    if !Path::new("/usr/bin/apt-mark").exists() {
        eprintln!("left out: this machine has no apt");
        return;
    }
    let parts = &["section", "short", "say", "tell", "configured", "installed", "packages", "apt_mark"];
    let before = "LC_ALL=C had= lists=/var/lib/apt/lists states=/var/lib/apt/extended_states\npending() { :; }";
    let machine = Machine::new();
    let chosen = async |before: &str| {
        let (said, _) = machine.says(before, parts, "configured; packages").await;
        let (_, chosen) = said.split_once("#chosen\n").unwrap();
        let mut names: Vec<String> = chosen.lines().map(str::to_owned).collect();
        assert_eq!(names.pop().unwrap(), "rc=0");
        names.sort();
        names
    };
    let told = chosen(before).await;
    assert!(told.len() > 3, "{told:?}");
    let asked = run(Program::new("apt-mark").arguments(["showmanual"])).await.unwrap();
    let mut asked: Vec<String> = String::from_utf8(asked.output).unwrap().lines().map(str::to_owned).collect();
    asked.push(String::new());
    asked.sort();
    assert_eq!(told, asked);
    machine.program("apt-mark", "echo asked");
    for elsewhere in ["Dir::State::extended_states \"/x\";", "Dir::State \"x\";", "RootDir \"/x\";", "Dir \"/x/\";"] {
        machine.program("apt-config", &format!("/usr/bin/apt-config \"$@\"; echo '{elsewhere}'"));
        assert_eq!(chosen(before).await, ["", "asked"], "{elsewhere}");
    }
    machine.program("apt-config", "exec /usr/bin/apt-config \"$@\"");
    assert_eq!(chosen(before).await, told);
    assert_eq!(chosen(&format!("{before}\nAPT_CONFIG=/dev/null")).await, ["", "asked"]);
    machine.write("closed", "");
    lock(&machine.path("closed"), 0o000);
    let closed = format!("{before}\nstates={}", machine.path("closed").display());
    assert_eq!(chosen(&closed).await, ["", "asked"]);
}
