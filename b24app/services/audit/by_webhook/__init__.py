"""The audit without an installation: reads through an incoming webhook, writes files, leaves nothing."""
