"""The paper's statistics: found contours and blood flow beside true ones. Pairs in, tables and plots out."""
