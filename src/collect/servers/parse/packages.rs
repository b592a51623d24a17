//! dpkg's database: what is installed, held, half configured, and which kernels.

use std::cmp::Ordering;

use super::sections::Section;
use crate::domain::facts::{Kernel, Package, Release};
use crate::domain::{Fault, Shown, version};

/// The smallest Debian that boots has about 90 packages: below this, its database was emptied or damaged
/// (`dpkg-query` lists nothing from an emptied one, and says that all is well).
pub const FLOOR: usize = 50;

/// What `dpkg-query` lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Installed {
    pub packages: Vec<Package>,
    pub held: Vec<Shown>,
    /// With dpkg's word for its state.
    pub half: Vec<Shown>,
}

impl Installed {
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == *name)
    }
}

/// Lines of `STATE\tPACKAGE\tVERSION\tSOURCE\tSOURCE VERSION\tARCHITECTURE`.
pub fn parse_packages(section: &Section) -> Result<Installed, Fault> {
    let mut installed = Installed::default();
    let mut held: Vec<(&str, &str)> = Vec::new();
    let mut native = None;
    for line in &section.lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let [state, name, version, source, source_version, architecture] = fields[..] else { continue };
        let mut letters = state.chars();
        let (wanted, status, error) = (letters.next(), letters.next(), letters.next());
        // Neither there nor only its configuration.
        if matches!(status, None | Some('n' | 'c')) {
            continue;
        }
        if let Some(word) = half_word(status, error) {
            installed.half.push(Shown::line(&format!("{name} {word}")));
        }
        if wanted == Some('h') {
            held.push((name, architecture));
        }
        if name == "dpkg" {
            native = Some(architecture);
        }
        installed.packages.push(Package {
            name: name.into(),
            version: version.into(),
            source: source.into(),
            source_version: source_version.into(),
        });
    }
    // As apt-mark names them: a hold of libc6:i386 is none of libc6.
    installed.held = held
        .into_iter()
        .map(|(name, of)| match native {
            Some(native) if of != native && of != "all" => format!("{name}:{of}").into(),
            _ => name.into(),
        })
        .collect();
    let count = installed.packages.len();
    if count < FLOOR {
        let said = match count {
            0 => "dpkg lists no package at all: its database is empty or damaged".to_owned(),
            _ => format!("dpkg lists only {count} packages: its database is damaged"),
        };
        return Err(Fault::new(said).mend("restore /var/lib/dpkg/status from /var/backups/dpkg.status.0"));
    }
    Ok(installed)
}

/// dpkg's states between not installed and installed (dpkg(1), "Package states"), and the flag that asks for a reinstall.
fn half_word(status: Option<char>, error: Option<char>) -> Option<&'static str> {
    match (status, error) {
        (_, Some('R')) => Some("must be reinstalled"),
        (Some('H'), _) => Some("half installed"),
        (Some('U'), _) => Some("unpacked"),
        (Some('F'), _) => Some("half configured"),
        (Some('W'), _) => Some("awaits triggers"),
        (Some('t'), _) => Some("has pending triggers"),
        _ => None,
    }
}

/// `/etc/os-release` (os-release(5)): `KEY=value`, quoted as in sh.
pub fn parse_release(section: &Section) -> Result<Release, Fault> {
    let value = |key: &str| {
        let line = section.lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        Shown::line(line.map_or("", |text| text.trim().trim_matches(['"', '\''])))
    };
    let release = Release {
        id: value("ID"),
        version: value("VERSION_ID"),
        codename: value("VERSION_CODENAME"),
        pretty: value("PRETTY_NAME"),
    };
    if release.id.is_empty() { Err(Fault::new("os-release names no ID")) } else { Ok(release) }
}

/// The running kernel beside the installed ones, and whether a newer one waits for a reboot.
pub fn parse_kernel(section: &Section, installed: &Installed) -> Result<(Kernel, bool), Fault> {
    let running = section.first_line();
    let built = section.lines.get(1).map_or("", |line| line.as_str());
    if running.is_empty() {
        return Err(Fault::new("uname did not name the kernel"));
    }
    let newest = installed
        .packages
        .iter()
        .filter_map(|package| Some((package.kernel_release()?, package)))
        .max_by(|(a, _), (b, _)| newer(a, b).then_with(|| (*a == running).cmp(&(*b == running))));
    let Some((release, _)) = newest else {
        return Ok((Kernel { running: running.into(), installed: None }, false));
    };
    // A security update can keep the release's name: then the version that uname -v names is older than the package's.
    let same = installed.packages.iter().find(|package| package.kernel_release() == Some(running));
    let rebuilt = same
        .zip(debian_version(built))
        .is_some_and(|(package, runs)| version::compare(package.version.as_str(), runs) == Ordering::Greater);
    let waits = rebuilt || newer(release, running) == Ordering::Greater;
    Ok((Kernel { running: running.into(), installed: Some(release.into()) }, waits))
}

/// Releases in Debian's version order, whatever their flavour: of `6.1.0-49-cloud-amd64` only `6.1.0-49` counts.
fn newer(a: &str, b: &str) -> Ordering {
    version::compare(without_flavour(a), without_flavour(b))
}

fn without_flavour(release: &str) -> &str {
    let flavour = release
        .match_indices('-')
        .find(|(at, _)| release[at + 1..].starts_with(|first: char| first.is_ascii_alphabetic()));
    flavour.map_or(release, |(at, _)| &release[..at])
}

/// `#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-05-01)` holds `6.1.176-1`.
fn debian_version(built: &str) -> Option<&str> {
    let mut words = built.split_whitespace();
    words.find(|word| *word == "Debian")?;
    words.next().filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn section(text: &str) -> Section {
        Section { lines: text.lines().map(str::to_owned).collect(), code: 0, digest: None }
    }

    /// A plausible machine with these lines besides.
    pub fn machine(lines: &str) -> Installed {
        let rows: Vec<String> = (0..FLOOR).map(|n| format!("ii \tlib{n}\t1.{n}-1\tlib{n}\t1.{n}-1\tamd64\n")).collect();
        let mut text = rows.concat();
        text.push_str(lines);
        parse_packages(&section(&text)).unwrap()
    }

    fn images(releases: &[(&str, &str)]) -> Installed {
        let line = |(release, version): &(&str, &str)| format!("ii \tlinux-image-{release}\t{version}\tl\t1\tamd64\n");
        machine(&releases.iter().map(line).collect::<Vec<_>>().concat())
    }

    fn kernel(running: &str, built: &str, releases: &[(&str, &str)]) -> (Option<String>, bool) {
        let section = section(&format!("{running}\n{built}"));
        let (kernel, waits) = parse_kernel(&section, &images(releases)).unwrap();
        (kernel.installed.map(|release| release.to_string()), waits)
    }

    #[test]
    fn states_that_lie_between_are_named() {
        let machine = machine(
            "iF \ta\t1\ta\t1\tall\niU \tb\t1\tb\t1\tall\nit \tc\t1\tc\t1\tall\nhi \td\t1\td\t1\tall\n\
             rc \te\t1\te\t1\tall\nun \tf\t\t\t\t\niHR\tg\t1\tg\t1\tall\n",
        );
        assert_eq!(
            machine.half,
            ["a half configured", "b unpacked", "c has pending triggers", "g must be reinstalled"]
        );
        assert_eq!(machine.held, ["d"]);
        assert!(machine.package("e").is_none() && machine.package("f").is_none() && machine.package("a").is_some());
    }

    #[test]
    fn a_hold_of_a_foreign_architecture_is_none_of_the_native_package() {
        let machine = machine(
            "ii \tdpkg\t1\tdpkg\t1\tamd64\nii \tlibc6\t2\tglibc\t2\tamd64\nhi \tlibc6\t2\tglibc\t2\ti386\n\
             hi \tnginx\t1\tnginx\t1\tamd64\nhi \ttzdata\t1\ttzdata\t1\tall\n",
        );
        assert_eq!(machine.held, ["libc6:i386", "nginx", "tzdata"]);
    }

    #[test]
    fn an_emptied_database_is_damage_and_not_zero_packages() {
        assert!(parse_packages(&section("")).unwrap_err().said.as_str().contains("no package at all"));
        let one = parse_packages(&section("ii \ta\t1\ta\t1\tall\n")).unwrap_err();
        assert!(one.said.as_str().contains("only 1 packages"), "{one}");
    }

    #[test]
    fn a_newer_kernel_waits_in_debians_order_of_versions() {
        let nine = ("6.1.0-9-amd64", "6.1.27-1");
        let forty_nine = ("6.1.0-49-amd64", "6.1.176-1");
        assert_eq!(kernel("6.1.0-9-amd64", "", &[nine, forty_nine]), (Some("6.1.0-49-amd64".into()), true));
        assert_eq!(kernel("6.1.0-49-amd64", "", &[forty_nine, nine]), (Some("6.1.0-49-amd64".into()), false));
        // Two flavours of one release: nothing newer.
        let cloud = ("6.1.0-49-cloud-amd64", "6.1.176-1");
        assert_eq!(kernel("6.1.0-49-amd64", "", &[forty_nine, cloud]), (Some("6.1.0-49-amd64".into()), false));
        // A kernel from elsewhere that is newer than Debian's.
        assert!(!kernel("6.18.44-fc", "", &[("6.12.117+deb12-rt-amd64", "6.12.117-1")]).1);
        assert_eq!(kernel("6.18.44-fc", "", &[]), (None, false));
        assert_eq!(kernel("5.10.0-1-amd64", "", &[("amd64", "6.1.176-1")]), (None, false));
    }

    #[test]
    fn proxmox_s_kernels_are_kernels() {
        let row = |name: &str| format!("ii \tproxmox-kernel-{name}\t1\tproxmox-kernel\t1\tamd64\n");
        let waits = |names: &[&str]| {
            let installed = machine(&names.iter().map(|name| row(name)).collect::<Vec<_>>().concat());
            let built = "#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-4 (2024-11-06T15:04Z)";
            let (kernel, waits) = parse_kernel(&section(&format!("6.8.12-4-pve\n{built}")), &installed).unwrap();
            (kernel.installed.map(|release| release.to_string()), waits)
        };
        let newest = ["6.8", "6.8.12-4-pve-signed", "6.8.12-17-pve-signed", "helper"];
        assert_eq!(waits(&newest), (Some("6.8.12-17-pve".into()), true));
        assert_eq!(waits(&["6.8", "6.8.12-4-pve"]), (Some("6.8.12-4-pve".into()), false));
        // The package that points to the newest is no image.
        assert_eq!(waits(&["6.14"]), (None, false));
    }

    #[test]
    fn a_rebuilt_kernel_of_the_same_name_waits_too() {
        let built = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026-04-01)";
        assert!(kernel("6.1.0-49-amd64", built, &[("6.1.0-49-amd64", "6.1.176-1")]).1);
        assert!(!kernel("6.1.0-49-amd64", built, &[("6.1.0-49-amd64", "6.1.170-1")]).1);
    }
}
