"""The portal's REST methods: one file by concern, a table of rows in each, joined in ``registry``.

``answering`` is the entrance; nothing here knows of HTTP.
"""
