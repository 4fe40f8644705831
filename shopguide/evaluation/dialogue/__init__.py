"""Simulated shoppers: how many actions does it take to find what somebody will buy, by talking and by clicking?"""
