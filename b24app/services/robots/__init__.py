"""Robots: steps of automation and workflows that ask us and wait. One module a robot; every call ends in an answer."""
