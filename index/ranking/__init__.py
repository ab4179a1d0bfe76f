"""Which passages come first: arithmetic over scores, without a model and without a store."""
