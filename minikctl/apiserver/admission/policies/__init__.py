"""ValidatingAdmissionPolicy and MutatingAdmissionPolicy: admission rules written in CEL."""
