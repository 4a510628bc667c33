//! What is to be done with a finding.

/// Index of a transform in the compiled policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransformId(pub u16);

/// Index of a retention class in the compiled policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RetentionId(pub u8);

/// Index of a clause in the compiled policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClauseId(pub u16);

/// What, how long, by which clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What replaces the value.
    pub transform: TransformId,
    /// The retention class that the finding pulls its record into.
    pub retention: RetentionId,
    /// The clause that decided.
    pub clause: ClauseId,
}
