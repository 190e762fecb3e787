"""What an auditor takes home: the journal of a period, what persons with power did, and proof."""
