"""Files of an audit: rows read live into a workbook, sealed piece by piece."""
