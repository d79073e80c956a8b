"""The chapter that `lindiff-nb new-chapter` begins with."""
