"""What-if: what a proposed activation would do to every member, before it is switched on."""
