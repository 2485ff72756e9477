"""IT's desk: keys of the organisation, studies, policies and one-time enrolment codes. It can read no recording."""
