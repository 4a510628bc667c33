//! Exit codes.

use std::process::ExitCode;

/// How a run ended; the worse of two is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: every record was de-identified.
    Clean,
    /// 1: some records or values were suppressed because nothing better could be done.
    Suppressed,
    /// 2: the command line is wrong.
    Usage,
    /// 78: the policy or a configuration file is wrong.
    Config,
    /// 74: reading or writing failed.
    Io,
}

impl Exit {
    /// The worse of two outcomes.
    pub fn and(self, other: Exit) -> Exit {
        self.max(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(e: Exit) -> ExitCode {
        ExitCode::from(match e {
            Exit::Clean => 0,
            Exit::Suppressed => 1,
            Exit::Usage => 2,
            Exit::Config => 78,
            Exit::Io => 74,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_never_hides_behind_success() {
        assert_eq!(Exit::Clean.and(Exit::Suppressed), Exit::Suppressed);
        assert_eq!(Exit::Io.and(Exit::Suppressed), Exit::Io);
    }
}
