//! [`Claim`]: what an advisory's place among others is made of. Exploited comes before fixable, that before exposed, then
//! how likely it is exploited, its publisher's grading, and how many servers it concerns.

/// One for each row; what is not known claims nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) exploited: bool,
    pub(super) fixable: bool,
    /// A vulnerable server listens with it where others can reach it.
    pub(super) exposed: bool,
    /// EPSS: 0 to 10,000.
    pub(super) percentile: Option<u16>,
    /// The publisher's: 0 to 25.
    pub(super) grade: u8,
    pub(super) servers: usize,
}

/// The least that an advisory weighs, and what its claim adds at most, in ten-thousandths of a weight.
const LEAST: u64 = 300_000;
const MOST: u64 = 700_000;

impl Claim {
    /// Each step outweighs all that come after it. Between 300,000 and 1,000,000.
    pub(super) fn weight(self) -> u32 {
        let percent = u64::from(self.percentile.unwrap_or(0).min(10_000) / 100);
        // Doubled, a number of servers weighs one more: 1, 2, 4 … up to a billion.
        let servers = u64::from(self.servers.min(1 << 30).checked_ilog2().map_or(0, |log| log + 1));
        let steps = [
            (u64::from(self.exploited), 2),
            (u64::from(self.fixable), 2),
            (u64::from(self.exposed), 2),
            (percent, 101),
            (u64::from(self.grade.min(25)), 26),
            (servers, 32),
        ];
        let (claim, all) = steps.iter().fold((0, 1), |(claim, all), (step, of)| (claim * of + step, all * of));
        u32::try_from(LEAST + claim * MOST / (all - 1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn steps(claim: Claim) -> (bool, bool, bool, u16, u8, u32) {
        let percent = claim.percentile.unwrap_or(0) / 100;
        let servers = claim.servers.checked_ilog2().map_or(0, |log| log + 1);
        (claim.exploited, claim.fixable, claim.exposed, percent, claim.grade, servers)
    }

    prop_compose! {
        fn claims()(
            (exploited, fixable, exposed) in any::<(bool, bool, bool)>(),
            percentile in proptest::option::of(0_u16..=10_000),
            grade in 0_u8..=25,
            servers in 0_usize..20_000,
        ) -> Claim {
            Claim { exploited, fixable, exposed, percentile, grade, servers }
        }
    }

    proptest! {
        #[test]
        fn each_step_outweighs_all_that_come_after_it(a in claims(), b in claims()) {
            prop_assert!(a.weight() <= 1_000_000 && a.weight() >= 300_000);
            prop_assert_eq!(a.weight().cmp(&b.weight()), steps(a).cmp(&steps(b)), "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn an_exploited_one_on_one_server_comes_before_any_that_is_not() {
        let most = Claim {
            fixable: true,
            exposed: true,
            percentile: Some(10_000),
            grade: 25,
            servers: 10_000,
            ..Claim::default()
        };
        let exploited = Claim { exploited: true, servers: 1, ..Claim::default() };
        assert!(exploited.weight() > most.weight());
    }
}
