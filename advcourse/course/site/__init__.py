"""The course as a web site without server or network: notebooks with their stored pictures, and a reference."""
